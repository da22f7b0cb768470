import ContractRuntime
import Foundation
import Generated
import Handlers
import Testing

@Suite struct CommandTests {
    @Test func `a command is pulled with each poll until it is acknowledged, and both are audited`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            let id = UUID()
            let command = try await fleet.command(id)
            #expect(command.status == .pending)
            #expect(command.createdBy == "admin-token-user")
            #expect(try await fleet.pending().map(\.commandID) == [id])
            #expect(try await fleet.pending().map(\.commandID) == [id])
            let receipt = try await fleet.acknowledge(id, .completed)
            #expect(receipt.commandStatus == .completed)
            #expect(try await fleet.pending() == [])
            #expect(try await fleet.show(id).status == .completed)
            #expect(try await fleet.show(id).acknowledgements == [receipt])
            let entries = try await fleet.audit()
            #expect(entries.map(\.action) == ["COMMAND_ACK", "COMMAND_CREATE"])
            #expect(entries.map(\.actor) == ["agent", "admin-token-user"])
            #expect(entries.map(\.targetID) == [id.text, id.text])
            #expect(entries.map(\.result) == [.success, .success])
        }
    }

    @Test func `commands are pulled in order, each by its own instance`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat("i1")
            try await fleet.beat("i2")
            let first = try await fleet.command(to: "i1")
            let other = try await fleet.command(to: "i2")
            let second = try await fleet.command(to: "i1")
            #expect(try await fleet.pending("i1").map(\.commandID) == [first.commandID, second.commandID])
            #expect(try await fleet.pending("i2").map(\.commandID) == [other.commandID])
            #expect(try await fleet.pending("ghost") == [])
        }
    }

    @Test func `a repeated command id is a conflict that contains the first command`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            let stored = try await fleet.command(UUID(), .flatten)
            let problem = await #expect(throws: Problem.self) { try await fleet.command(stored.commandID, .start) }
            #expect(problem?.status == 409)
            #expect(problem?.detail == "command_id already exists")
            #expect(problem?.members["command"] == JSONObject(stored))
            #expect(try await fleet.audit().map(\.result) == [.rejected, .success])
        }
    }

    @Test func `of many requests with one id exactly one is accepted`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            let id = UUID()
            let statuses = await withTaskGroup(of: Int.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        do {
                            try await fleet.command(id)
                            return 202
                        } catch {
                            return (error as? Problem)?.status ?? 0
                        }
                    }
                }
                return await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(statuses.sorted() == [202] + Array(repeating: 409, count: 19))
            #expect(try await fleet.audit().filter { $0.result == .success }.count == 1)
        }
    }

    @Test func `invalid times and unknown instances are rejected`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            func create(_ instanceID: String, issued: Int64, expires: Int64) async -> Problem? {
                let request = CommandRequest(
                    commandID: UUID(),
                    instanceID: instanceID,
                    commandType: .stop,
                    issuedAt: .now.adding(seconds: issued),
                    expiresAt: .now.adding(seconds: expires)
                )
                do {
                    _ = try await fleet.api.createCommand(.init(body: request, principal: fleet.operatorPrincipal))
                    return nil
                } catch {
                    return error
                }
            }
            let reversed = await create("i1", issued: 60, expires: 30)
            #expect(reversed?.status == 400)
            #expect(reversed?.detail == "expires_at must be greater than issued_at")
            let past = await create("i1", issued: -60, expires: -30)
            #expect(past?.status == 400)
            #expect(past?.detail == "expires_at must be in the future")
            let ghost = await create("ghost", issued: 0, expires: 30)
            #expect(ghost?.status == 404)
            #expect(ghost?.detail == "instance not found")
            // The rejections are in the audit log, and nothing else.
            #expect(
                try await fleet.audit().map { "\($0.action) \($0.result)" }
                    == Array(repeating: "COMMAND_CREATE rejected", count: 3)
            )
        }
    }

    @Test func `an expired command is not pulled`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            let end = Timestamp(microsecondsSinceEpoch: Timestamp.now.microsecondsSinceEpoch + 700_000)
            let request = CommandRequest(
                commandID: UUID(),
                instanceID: "i1",
                commandType: .stop,
                issuedAt: .now,
                expiresAt: end
            )
            _ = try await fleet.api.createCommand(.init(body: request, principal: fleet.operatorPrincipal))
            #expect(try await fleet.pending().count == 1)
            while Timestamp.now <= end { try await Task.sleep(for: .milliseconds(20)) }
            #expect(try await fleet.pending() == [])
            // The server's periodic check ends it. A later acknowledgement is stored and changes nothing.
            try await fleet.api.runScheduledChecks()
            #expect(try await fleet.show(request.commandID).status == .expired)
            let entries = try await fleet.audit()
            #expect(entries.contains { $0.actor == "scheduler" && $0.action == "COMMAND_EXPIRE" })
            #expect(try await fleet.acknowledge(request.commandID, .completed).commandStatus == .expired)
            #expect(try await fleet.show(request.commandID).acknowledgements.count == 1)
        }
    }

    @Test func `a pending command can be canceled`() async throws {
        try await Fleet.with { fleet in
            func cancel(_ id: UUID) async throws(Problem) -> Command {
                switch try await fleet.api.cancelCommand(.init(commandID: id, principal: fleet.operatorPrincipal)) {
                case .ok(let command): return command
                }
            }
            try await fleet.beat()
            let id = try await fleet.command().commandID
            #expect(try await cancel(id).status == .canceled)
            #expect(try await fleet.pending() == [])
            #expect(try await fleet.acknowledge(id, .accepted).commandStatus == .canceled)
            let again = await #expect(throws: Problem.self) { try await cancel(id) }
            #expect(again?.status == 409)
            #expect(again?.detail == "a command that is CANCELED cannot be canceled")
            let entry = try #require(try await fleet.audit().first)
            #expect(entry.action == "COMMAND_CANCEL")
            #expect(entry.result == .rejected)
            let unknown = await #expect(throws: Problem.self) { try await cancel(UUID()) }
            #expect(unknown?.detail == "command not found")
        }
    }

    @Test func `a finished command stays unchanged, and every acknowledgement is stored`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            let id = try await fleet.command().commandID
            #expect(try await fleet.acknowledge(id, .accepted).commandStatus == .accepted)
            #expect(try await fleet.acknowledge(id, .rejectedExpired).commandStatus == .accepted)
            #expect(try await fleet.acknowledge(id, .completed).commandStatus == .completed)
            #expect(try await fleet.acknowledge(id, .rejectedDuplicate).commandStatus == .completed)
            #expect(try await fleet.acknowledge(id, .failed).commandStatus == .completed)
            #expect(try await fleet.acknowledge(id, .accepted).commandStatus == .completed)
            let detail = try await fleet.show(id)
            #expect(detail.status == .completed)
            #expect(
                detail.acknowledgements.map(\.status) == [
                    .accepted, .rejectedExpired, .completed, .rejectedDuplicate, .failed, .accepted,
                ]
            )
        }
    }

    @Test func `another instance's acknowledgement is rejected, audited, and changes nothing`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat("i1")
            try await fleet.beat("i2")
            let id = try await fleet.command(to: "i1").commandID
            let problem = await #expect(throws: Problem.self) { try await fleet.acknowledge(id, .completed, by: "i2") }
            #expect(problem?.status == 403)
            let detail = try await fleet.show(id)
            #expect(detail.status == .pending)
            #expect(detail.acknowledgements == [])
            let entry = try #require(try await fleet.audit().first)
            #expect(entry.action == "COMMAND_ACK")
            #expect(entry.result == .rejected)
        }
    }

    @Test func `an acknowledgement of another or an unknown command is rejected`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            let id = try await fleet.command().commandID
            let mismatch = await #expect(throws: Problem.self) {
                try await fleet.acknowledge(id, .completed, path: UUID())
            }
            #expect(mismatch?.status == 400)
            #expect(mismatch?.detail == "command_id mismatch")
            let unknown = await #expect(throws: Problem.self) { try await fleet.acknowledge(UUID(), .completed) }
            #expect(unknown?.status == 404)
            #expect(unknown?.detail == "command not found")
        }
    }

    @Test func `the list is paged, filtered and newest first`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat("i1")
            try await fleet.beat("i2")
            var ids: [UUID] = []
            for index in 0..<7 { ids.append(try await fleet.command(to: index % 2 == 0 ? "i1" : "i2").commandID) }
            try await fleet.acknowledge(ids[0], .completed)
            func list(page: Int = 1, size: Int = 50, of instanceID: String? = nil, _ status: CommandStatus? = nil)
                async throws -> CommandPage
            {
                let input = ListCommands.Input(
                    page: page,
                    pageSize: size,
                    instanceID: instanceID,
                    status: status,
                    principal: fleet.operatorPrincipal
                )
                switch try await fleet.api.listCommands(input) {
                case .ok(let page): return page
                }
            }
            var walked: [UUID] = []
            for page in 1...3 { walked += try await list(page: page, size: 3).items.map(\.commandID) }
            #expect(walked == ids.reversed())
            #expect(try await list(of: "i2").items.map(\.commandID) == [ids[5], ids[3], ids[1]])
            #expect(try await list(of: "i1", .pending).total == 3)
            #expect(try await list(of: nil, .completed).items.map(\.commandID) == [ids[0]])
            #expect(try await list(page: .max).items == [])
        }
    }
}
