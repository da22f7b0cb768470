import Foundation
import Logging
import Postgres
import TestSupport
import Testing

/// The fleet simulator with a real server.
@Suite struct SimulatorCriteria {
    /// Runs the simulator; returns its status and its output.
    private func simulate(_ site: Site, _ arguments: String...) async throws -> (status: Int32, text: String) {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent().appending(path: "fleet-sim")
        process.arguments = ["--url", "http://127.0.0.1:\(site.servers[0].port)"] + arguments
        process.environment = ["ADMIN_TOKEN": Site.token, "PATH": ProcessInfo.processInfo.environment["PATH"] ?? ""]
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        return await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                process.waitUntilExit()
                continuation.resume(returning: (process.terminationStatus, text))
            }
        }
    }

    @Test func `the books are correct after a simulation with every kind of event`() async throws {
        try await Site.with(1) { site in
            let (status, text) = try await simulate(
                site,
                "--instances",
                "40",
                "--duration",
                "12",
                "--heartbeat",
                "1",
                "--interval",
                "1",
                "--commands",
                "120"
            )
            #expect(status == 0, "\(text)")
            #expect(text.contains("differences: 0\n"))
            #expect(text.contains("40 bots, 12 s, seed 1; faults: slow "))
        }
    }

    @Test func `costs that are off by one unit are found`() async throws {
        try await Site.with(1) { site in
            let database = Database(.init(url: site.databaseURL, connections: 1), logger: Logger(label: "tests"))
            let statements = [
                """
                CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS $$
                    BEGIN NEW.amount := NEW.amount + 0.000001; RETURN NEW; END $$
                """,
                """
                CREATE TRIGGER change BEFORE INSERT ON cost_entries
                    FOR EACH ROW WHEN (NEW.instance_id LIKE '%-0003') EXECUTE FUNCTION change()
                """,
            ]
            for statement in statements { _ = try await database.run(Query(sql: statement)) }
            database.close()
            let (status, text) = try await simulate(
                site,
                "--instances",
                "5",
                "--duration",
                "5",
                "--faults",
                "none",
                "--heartbeat",
                "1",
                "--interval",
                "1",
                "--seed",
                "4"
            )
            #expect(status == 1)
            #expect(text.contains("differences: 1\n"), "\(text)")
            #expect(text.contains("-0003: "))
        }
    }
}
