#include "grammar/number_gbnf.h"
