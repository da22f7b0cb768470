import ArgumentParser
import Handlers

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

struct ExportAudit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export-audit",
        abstract: "Writes months of the audit log that have ended to a file, verifies them, and records the export.",
        discussion: """
            Months that were exported before are skipped. The file has a line of JSON for each entry, with its seal; verify-audit checks it. \
            With AUDIT_DAYS the server drops exported months. With its own cluster the server must be running.
            """
    )

    @Option(help: "Only months before this one, such as 2027-01. By default all that have ended.")
    var before: String?

    @Option(help: "The new file, or a folder in which it is called audit-MONTH.ndjson.")
    var to: String

    @Option(
        name: .customLong("by"),
        help: "The name of the exporter in the audit log. By default the user of this process."
    )
    var actor: String?

    @Flag(help: "Include months that were exported before.")
    var again = false

    @Flag(help: "Export the whole log until now, with the current month. This export is not recorded.")
    var open = false

    func validate() throws {
        if open, before != nil || again { throw ValidationError("--open: expected no --before and no --again") }
        if let actor, actor.isEmpty || actor.unicodeScalars.count > 64 {
            throw ValidationError("--by: expected a name of at most 64 characters")
        }
        guard let before else { return }
        let digits = before.utf8.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) ? UInt8(ascii: "0") : $0 }
        guard digits == Array("0000-00".utf8) else {
            throw ValidationError("--before: expected a month, such as 2027-01")
        }
    }

    func run() async throws {
        try await Session.run { application in
            let months: Application.ExportedMonths = open ? .untilNow : .ended(before: before, again: again)
            let export = try await application.exportAudit(months, to: to, by: actor ?? Self.user)
            guard let export else { return print("No month to export") }
            print("\(export.file)  \(Self.text(export.summary))  sha256 \(export.sha256)")
        }
    }

    /// The name of the user of this process.
    private static var user: String {
        guard let entry = getpwuid(geteuid()) else { return "uid \(geteuid())" }
        return String(cString: entry.pointee.pw_name)
    }

    /// The contents of a file, in one line.
    fileprivate static func text(_ summary: AuditFileSummary) -> String {
        let (first, last) = (summary.months.lowerBound, summary.months.upperBound)
        let head = summary.head.isEmpty ? "none" : summary.head
        let unprotected = summary.unprotected == 0 ? "" : " (\(summary.unprotected) without a key)"
        return
            "\(first == last ? first : "\(first) to \(last)")  \(summary.entries) entries\(unprotected)  head \(head)"
    }
}

struct DropAudit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drop-audit",
        abstract: "Drops exported months of the audit log that are older than AUDIT_DAYS.",
        discussion: """
            It is for databases in which the servers' role does not own the tables: with their own cluster, and with MIGRATION_DATABASE_URL. \
            Each month is verified first. With its own cluster the server must be running.
            """
    )

    func run() async throws {
        try await Session.run { application in print("\(try await application.dropAudit()) entries dropped") }
    }
}

struct VerifyAudit: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify-audit",
        abstract: "Verifies files of export-audit, without a database.",
        discussion: """
            Each file must be unchanged and continue where the previous one ends. Seals with keys need AUDIT_KEY or AUDIT_KEY_FILE. Compare the SHA-256 with the entry AUDIT_EXPORT of the \
            audit log: a forged file with a valid chain has another one.
            """
    )

    @Argument(help: "The files, the oldest first.")
    var files: [String]

    @Option(help: "The file of the audit log's keys. By default the server's, if it has one.")
    var keys: String?

    func run() throws {
        let keys: AuditKeys?
        do { keys = try self.keys.map(AuditProtection.keys(inFile:)) ?? AuditProtection.keysOfEnvironment() } catch {
            StandardError.print(line: Array("flotilla-server: \(error)".utf8))
            throw ExitCode(2)
        }
        var head: String?
        for file in files {
            do {
                let (summary, sha256) = try AuditFile.verify(file, keys: keys)
                if let head, head != summary.headBefore {
                    throw AuditFileFailure(description: "does not continue where the previous file ends")
                }
                head = summary.head
                print("\(file)  \(ExportAudit.text(summary))  sha256 \(sha256)")
            } catch {
                StandardError.print(line: Array("flotilla-server: \(file): \(error)".utf8))
                throw ExitCode(1)
            }
        }
    }
}
