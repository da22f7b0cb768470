// Reports the synchronization of Swift's Mutex to ThreadSanitizer. `./flotilla race` links it into the tests and their servers.
//
// On Linux a contended Mutex is locked and unlocked inside libswiftSynchronization, which is not instrumented, so ThreadSanitizer reports
// a race for all data behind such a lock. These two functions replace the library's functions and call them. The uncontended path is
// compiled into the caller with atomics at the same address, which ThreadSanitizer observes.
// https://github.com/swiftlang/swift/blob/main/stdlib/public/Synchronization/Mutex/LinuxImpl.swift
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *mutex
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

// Missing in processes without ThreadSanitizer.
__attribute__((weak)) void __tsan_acquire(void *address);
__attribute__((weak)) void __tsan_release(void *address);

static void *library(void *_Atomic *function, const char *name) {
    if (!*function) *function = dlsym(RTLD_NEXT, name);
    if (!*function) abort();
    return *function;
}

SWIFT void lock(uint32_t thread, SELF) __asm__(LOCK);
SWIFT void lock(uint32_t thread, SELF) {
    static void *_Atomic original;
    ((SWIFT void (*)(uint32_t, SELF))library(&original, LOCK))(thread, mutex);
    if (__tsan_acquire) __tsan_acquire(mutex);
}

SWIFT void unlock(SELF) __asm__(UNLOCK);
SWIFT void unlock(SELF) {
    if (__tsan_release) __tsan_release(mutex);
    static void *_Atomic original;
    ((SWIFT void (*)(SELF))library(&original, UNLOCK))(mutex);
}
