@preconcurrency import Dispatch
import SystemPackage

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A pipe whose write end only the supervisor holds. When the supervisor ends, for any reason, its processes read the end of the file and
/// exit, so none of them outlives it.
struct Lifeline {
    let readingEnd: FileDescriptor

    /// Creates the pipe. The write end stays open until this process ends.
    init() throws {
        let pipe = try FileDescriptor.pipe()
        for end in [pipe.readEnd, pipe.writeEnd] {
            guard fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) >= 0 else {
                throw Errno(rawValue: errno)
            }
        }
        readingEnd = pipe.readEnd
    }

    /// Ends this process immediately when the pipe ends. The caller must keep the returned source.
    static func endProcess(with descriptor: CInt) -> any DispatchSourceRead {
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: .global())
        // No process writes to the pipe, so it becomes readable only at its end. Exit immediately: the next supervisor needs the address
        // now, and this process would not be restarted after a crash.
        source.setEventHandler { _exit(1) }
        source.activate()
        return source
    }
}
