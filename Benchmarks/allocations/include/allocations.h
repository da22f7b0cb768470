#pragma once
#include <stddef.h>

/// The number of memory allocations of this process.
long allocation_count(void);
