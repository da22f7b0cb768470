import Logging
import Subprocess
import Synchronization
import SystemPackage

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A component in its own process, which is restarted whenever it ends.
///
/// Its standard input is the listening socket, as with inetd. Its standard output is the supervisor's lifeline.
struct SupervisedProcess: Sendable {
    let component: Component
    let socket: ListeningSocket
    let lifeline: Lifeline
    let environment: Environment
    /// The directory of the supervisor's own cluster; nil if there is none.
    let clusterFolder: String?
    let logger: Logger

    /// Requests in flight have ten seconds to finish, and waiting for the database can take a little longer.
    private static let patience = Duration.seconds(20)

    /// Runs until it is cancelled. Then the process gets SIGTERM and time to finish.
    func keepRunning() async {
        var delay = RestartDelay()
        var restarts = 0
        while true {
            let began = ContinuousClock.now
            let ending = await run()
            if Task.isCancelled { return }
            restarts += 1
            logger.error(
                "the \(component.rawValue) process ended; restarting it",
                metadata: ["ending": "\(ending)", "restarts": "\(restarts)"]
            )
            do { try await Task.sleep(for: delay.after(lifetime: .now - began)) } catch { return }
        }
    }

    /// Runs the process once and returns how it ended.
    private func run() async -> String {
        var options = PlatformOptions()
        // The supervisor handles a Ctrl-C at the terminal.
        options.processGroupID = 0
        options.teardownSequence = [.send(signal: .terminate, allowedDurationToNextStep: Self.patience)]
        do {
            let result = try await Subprocess.run(
                .path(try Self.executable()),
                arguments: Arguments(arguments),
                environment: environment,
                platformOptions: options,
                input: .fileDescriptor(
                    FileDescriptor(rawValue: socket.descriptor),
                    closeAfterSpawningProcess: false
                ),
                output: .fileDescriptor(lifeline.readingEnd, closeAfterSpawningProcess: false),
                error: .currentStandardError
            ) { execution in
                logger.info(
                    "started the \(component.rawValue) process",
                    metadata: ["pid": "\(execution.processIdentifier.value)"]
                )
            }
            switch result.terminationStatus {
            case .exited(let status): return "status \(status)"
            case .signaled(let signal): return "signal \(signal) (\(String(cString: strsignal(signal))))"
            }
        } catch {
            return "not started: \(error)"
        }
    }

    private var arguments: [String] {
        ["serve", "--only", component.rawValue, "--supervised"] + (clusterFolder.map { ["--cluster", $0] } ?? [])
    }

    /// The path of this program.
    private static func executable() throws -> FilePath {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        #if canImport(Glibc)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        guard count > 0 else { throw Errno(rawValue: errno) }
        #else
        var size = UInt32(buffer.count)
        guard _NSGetExecutablePath(&buffer, &size) == 0 else { throw Errno.nameTooLong }
        #endif
        return FilePath(String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
}
