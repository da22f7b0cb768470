import Subprocess
import SystemPackage

/// Runs programs as the user that owns the cluster.
struct ClusterPrograms {
    let owner: ClusterOwner?

    /// Runs a program and returns its output. On failure, the error contains the output.
    ///
    /// - Parameters:
    ///   - program: A path, or a name to search in `PATH`.
    ///   - folder: The working directory. The server's own may be one that the cluster's user cannot enter.
    func run(_ program: String, _ arguments: [String], in folder: String = "/") async throws -> String {
        let executable: Executable =
            switch owner {
            case .some: .name(ClusterOwner.program)
            case .none where program.hasPrefix("/"): .path(FilePath(program))
            case .none: .name(program)
            }
        var options = PlatformOptions()
        // The server handles a Ctrl-C at the terminal and stops the cluster itself.
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
