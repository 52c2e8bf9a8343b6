raise SystemExit("nothing of a recipe runs before its requirements are there")
