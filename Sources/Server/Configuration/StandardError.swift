#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Standard error, the stream for the log and for failures.
enum StandardError {
    /// Writes one line with a single call, so that lines of several threads do not interleave.
    static func print(line bytes: [UInt8]) {
        _ = (bytes + [0x0A]).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
