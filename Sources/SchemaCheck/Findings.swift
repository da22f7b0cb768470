import ArgumentParser
import ContractCompiler
import Foundation

/// Prints what was found and ends with the status that tells it.
enum Findings {
    static func report(_ log: DiagnosticLog, checked: String) throws {
        let diagnostics = log.sorted
        for diagnostic in diagnostics { print(diagnostic.rendered, terminator: "") }
        let errors = diagnostics.count { $0.severity == .error }
        print("\(checked): \(errors) errors, \(diagnostics.count - errors) warnings")
        if errors > 0 { throw ExitCode(1) }
    }

    /// Ends the process because the check itself could not run.
    static func couldNotRun(_ reason: String) -> Never {
        FileHandle.standardError.write(Data("schema-check: \(reason)\n".utf8))
        exit(2)
    }
}
