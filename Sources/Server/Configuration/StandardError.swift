#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The stream of the log and of failures.
enum StandardError {
    /// Writes one line. One write is one line, so that the lines of several threads stay whole.
    static func print(line bytes: [UInt8]) {
        _ = (bytes + [0x0A]).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
