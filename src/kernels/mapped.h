// Memory that is a mapped file, of which a process need not keep what it has read.
#pragma once

#include <cstddef>

namespace decant::kernels {

// Lets go of the whole pages in [data, data + size) if they are a part of a file mapped for reading; they return from
// the file when they are read again. Of other memory, none. Which it is only Linux tells, in /proc.
void release_mapped(const void* data, std::size_t size);

}  // namespace decant::kernels
