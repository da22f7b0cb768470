import Subprocess
import SystemPackage

/// Runs programs as the user that the cluster belongs to.
struct ClusterPrograms {
    let owner: ClusterOwner?

    /// Runs a program to its end and answers what it printed; a failure is an error with that text.
    ///
    /// - Parameters:
    ///   - program: A path, or a name to look for in `PATH`.
    ///   - folder: Where it runs. The server may stand in a folder that the cluster's user cannot enter.
    func run(_ program: String, _ arguments: [String], in folder: String = "/") async throws -> String {
        let executable: Executable =
            switch owner {
            case .some: .name(ClusterOwner.program)
            case .none where program.hasPrefix("/"): .path(FilePath(program))
            case .none: .name(program)
            }
        var options = PlatformOptions()
        // A Ctrl-C at the terminal is the server's to handle; it stops the cluster itself.
        options.processGroupID = 0
        let result = try await Subprocess.run(
            executable,
            arguments: Arguments((owner?.arguments(running: program) ?? []) + arguments),
            environment: ClusterEnvironment.current,
            workingDirectory: FilePath(folder),
            platformOptions: options,
            output: .string(limit: 1 << 16),
            error: .string(limit: 1 << 16)
        )
        let output = result.standardOutput + result.standardError
        guard result.terminationStatus.isSuccess else {
            let name = program.split(separator: "/").last ?? ""
            throw PostgresError(.configuration, "\(name) failed: \(output)")
        }
        return output
    }
}
