#pragma once
#include <stddef.h>

/// The number of calls of malloc, calloc and realloc in this process.
long allocation_count(void);
