#pragma once
#include <stddef.h>

/// How many times this process asked for memory.
long allocation_count(void);
