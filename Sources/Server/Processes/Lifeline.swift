@preconcurrency import Dispatch
import SystemPackage

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A pipe whose writing end only the supervisor holds. Its other end reads the end of the file as soon as the supervisor is gone,
/// however it ended, so no process of it outlives it.
struct Lifeline {
    let readingEnd: FileDescriptor

    /// Makes the pipe. The writing end stays open until this process ends.
    init() throws {
        let pipe = try FileDescriptor.pipe()
        for end in [pipe.readEnd, pipe.writeEnd] {
            guard fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) >= 0 else {
                throw Errno(rawValue: errno)
            }
        }
        readingEnd = pipe.readEnd
    }

    /// Ends this process at once when the pipe ends. The returned source must be kept.
    static func endProcess(with descriptor: CInt) -> any DispatchSourceRead {
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: .global())
        // No process writes to the pipe, so it becomes readable only at its end. Nothing is finished first: the next supervisor
        // needs the address now, and this process would not be restarted after a crash.
        source.setEventHandler { _exit(1) }
        source.activate()
        return source
    }
}
