import ContractRuntime
import Foundation
import Generated
import Testing

@testable import AgentKit

/// The files of an agent: durability, damage and size limits.
@Suite struct StorageTests {
    private func inFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "storage-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    private func append(_ text: String, to path: String) throws { try AppendFile(path).append(Array(text.utf8)) }

    private func report(_ number: Int) -> JSONObject {
        JSONObject { json in
            json.member("entry_id", "\(number)")
            json.member("fill", String(repeating: "x", count: 80))
        }
    }

    private func ids(_ reports: [Report]) -> [String] {
        reports.compactMap { (try? JSONValue(json: $0.body.bytes))?["entry_id"]?.text }
    }

    // MARK: - Spool

    @Test func `a full spool drops the oldest reports but never costs`() async throws {
        try await inFolder { folder in
            let spool = try Spool(in: folder, limit: 400_000)
            for number in 0..<5000 { try spool.add(number.isMultiple(of: 100) ? .costs : .metrics, report(number)) }
            #expect(spool.takeDropped() > 0)
            let files = try FileManager.default.contentsOfDirectory(atPath: folder)
            let size = try files.reduce(0) { try $0 + (Files.read("\(folder)/\($1)")?.count ?? 0) }
            #expect(size <= 400_000)
            var seen: [Report] = []
            while let (number, reports) = try spool.oldest() {
                seen += reports
                try spool.remove(number)
            }
            #expect(ids(seen.filter { $0.kind == .costs }) == stride(from: 0, to: 5000, by: 100).map(String.init))
            #expect(ids(seen).last == "4999")
            #expect(throws: SpoolFull.self) { for number in 0..<5000 { try spool.add(.costs, report(number)) } }
        }
    }

    @Test func `reports survive a restart, and an incomplete line is ignored`() async throws {
        try await inFolder { folder in
            try Spool(in: folder, limit: 1 << 20).add(.costs, report(1))
            try append(#"{"kind":"costs","bo"#, to: folder + "/1.jsonl")
            let spool = try Spool(in: folder, limit: 1 << 20)
            try spool.add(.costs, report(2))
            #expect(spool.count == 2)
            let first = try #require(try spool.oldest())
            #expect(ids(first.reports) == ["1"])
            try spool.remove(first.number)
            let second = try #require(try spool.oldest())
            #expect(ids(second.reports) == ["2"])
        }
    }

    @Test func `reports added while others are sent are sent next`() async throws {
        try await inFolder { folder in
            let spool = try Spool(in: folder, limit: 1 << 20)
            try spool.add(.metrics, report(1))
            let first = try #require(try spool.oldest())
            try spool.add(.metrics, report(2))
            #expect(ids(first.reports) == ["1"])
            try spool.remove(first.number, keeping: first.reports)
            #expect(spool.count == 2)
            try spool.remove(first.number)
            let second = try #require(try spool.oldest())
            #expect(ids(second.reports) == ["2"])
        }
    }

    // MARK: - Journal

    @Test func `a journal has one owner, and tolerates an incomplete last line`() async throws {
        try await inFolder { folder in
            let journal = try Journal(in: folder, clock: .system)
            let taken = #expect(throws: FileFailure.self) { _ = try Journal(in: folder, clock: .system) }
            #expect(taken?.description.contains("is another agent of this instance running") == true)
            journal.close()
            try append(#"{"record":"beg"#, to: folder + "/journal.jsonl")
            _ = try Journal(in: folder, clock: .system)
            try append("noise\n", to: folder + "/journal.jsonl")
            let damaged = #expect(throws: JournalFailure.self) { _ = try Journal(in: folder, clock: .system) }
            #expect(
                damaged?.description.hasPrefix("\(folder)/journal.jsonl:2: this line is not a journal record") == true
            )
        }
    }

    @Test func `a journal has the same content before and after it is rewritten`() async throws {
        try await inFolder { folder in
            let command = AgentCommand(
                commandID: UUID(),
                instanceID: "i1",
                commandType: .flatten,
                expiresAt: Timestamp.now.adding(seconds: 60),
                payload: try #require(JSONObject(#"{"a":1.50}"#))
            )
            let acknowledgement = Acknowledgement(
                commandID: command.commandID,
                instanceID: "i1",
                status: .completed,
                timestamp: .now,
                evidence: JSONObject(#"{"residual":0.10}"#)
            )
            let standing = SafetySwitch.Standing(mode: .flattened, isDeadMan: true, hasActed: true)
            var journal = try Journal(in: folder, clock: .system)
            try await journal.begin(command)
            #expect(journal.unfinished.map(\.commandID) == [command.commandID])
            try await journal.end(command, acknowledgement)
            try await journal.save { standing }
            for _ in 0..<3 {
                journal.close()
                journal = try Journal(in: folder, clock: .system)
                #expect(journal.unsent == [acknowledgement])
                #expect(journal.unfinished.isEmpty)
                #expect(journal.entry(command.commandID)?.command.hasSameContent(as: command) == true)
                #expect(journal.standing == standing)
            }
            try await journal.sent(command.commandID)
            journal.close()
            journal = try Journal(in: folder, clock: .system)
            #expect(journal.unsent.isEmpty)
            #expect(journal.entry(command.commandID)?.isSent == true)
        }
    }

    @Test func `any instance ID gives a single directory name`() {
        var configuration = AgentConfiguration(
            instanceID: "../a b/é",
            botID: "b",
            exchange: "e",
            symbol: "s",
            controlPlaneURL: "http://h"
        )
        configuration.dataDirectory = "d"
        #expect(configuration.instanceDirectory == "d/%2e%2e%2fa%20b%2f%c3%a9")
    }
}
