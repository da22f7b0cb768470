import ContractRuntime
import Foundation
import Generated
import Handlers
import Postgres
import TestSupport
import Testing

/// The delivery of commands to instances: superseding, idempotency, bulks and approval.
@Suite struct CommandDeliveryTests {
    private let alice = Principal(name: "alice")
    private let bob = Principal(name: "bob")

    private func request(
        _ type: CommandType = .safeMode,
        to instanceID: String = "i1",
        ttl: Int = 60,
        supersedes: UUID? = nil,
        payload: JSONObject = .empty
    ) -> CommandRequest {
        CommandRequest(
            commandID: UUID(),
            instanceID: instanceID,
            commandType: type,
            payload: payload,
            ttlSeconds: ttl,
            supersedes: supersedes
        )
    }

    @discardableResult
    private func create(_ request: CommandRequest, key: String? = nil, in fleet: Fleet) async throws(Problem) -> Command
    {
        switch try await fleet.api.createCommand(.init(idempotencyKey: key, body: request, principal: alice)) {
        case .accepted(let command): return command
        }
    }

    @Test func `each pull is counted, and the timeline lists every event in order`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            let id = try await create(request(), in: fleet).commandID
            #expect(try await fleet.show(id).deliveryCount == 0)
            #expect(try await fleet.pending().first?.deliveryCount == 1)
            let first = try #require(try await fleet.show(id).firstDeliveredAt)
            #expect(try await fleet.pending().first?.deliveryCount == 2)
            let detail = try await fleet.show(id)
            #expect(detail.firstDeliveredAt == first)
            #expect(detail.status == .pending)
            try await fleet.acknowledge(id, .accepted)
            let evidence = JSONObject(#"{"canceled": 3, "position": "0"}"#)
            let proof = Acknowledgement(
                commandID: id,
                instanceID: "i1",
                status: .completed,
                timestamp: .now,
                evidence: evidence
            )
            _ = try await fleet.api.acknowledgeCommand(.init(commandID: id, body: proof))
            #expect(try await fleet.show(id).acknowledgements.map(\.evidence) == [nil, evidence])
            let timeline = try await fleet.show(id).timeline
            #expect(
                timeline.map { "\($0.event) \($0.actor)" } == [
                    "CREATED alice", "DELIVERED i1", "ACCEPTED i1", "COMPLETED i1",
                ]
            )
            #expect(timeline.map(\.at) == timeline.map(\.at).sorted())
        }
    }

    @Test func `a command can have a lifetime, within bounds`() async throws {
        var configuration = API.Configuration()
        configuration.commandMaxSeconds = 100
        try await Fleet.with(configuration) { fleet in
            try await fleet.beat()
            let command = try await create(request(ttl: 100), in: fleet)
            let life = command.expiresAt.microsecondsSinceEpoch - command.issuedAt.microsecondsSinceEpoch
            #expect(life == 100_000_000)
            let problem = await #expect(throws: Problem.self) { try await create(request(ttl: 101), in: fleet) }
            #expect(problem?.status == 400)
            #expect(problem?.detail == "a command must expire within 100 seconds")
        }
    }

    @Test func `a command supersedes a pending one`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat("i1")
            try await fleet.beat("i2")
            let old = try await create(request(.stop), in: fleet).commandID
            let new = try await create(request(.start, supersedes: old), in: fleet)
            #expect(new.supersedes == old)
            #expect(try await fleet.show(old).status == .superseded)
            #expect(try await fleet.pending().map(\.commandID) == [new.commandID])
            // An ended command and another instance's command cannot be superseded, and nothing is stored then.
            for other in [request(.stop, supersedes: old), request(.stop, to: "i2", supersedes: new.commandID)] {
                let problem = await #expect(throws: Problem.self) { try await create(other, in: fleet) }
                #expect(problem?.code == "COMMAND_NOT_PENDING")
            }
            #expect(try await fleet.pending().count == 1)
            #expect(try await fleet.pending("i2").isEmpty)
        }
    }

    @Test func `a repeated request with the same key is executed once`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            let request = request()
            let answers = try await withThrowingTaskGroup(of: Command.self) { group in
                for _ in 0..<8 { group.addTask { try await create(request, key: "k1", in: fleet) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(answers).count == 1)
            let again = await #expect(throws: Problem.self) { try await create(request, in: fleet) }
            #expect(again?.code == "COMMAND_EXISTS")
            let other = await #expect(throws: Problem.self) {
                try await create(self.request(.flatten), key: "k1", in: fleet)
            }
            #expect(other?.status == 409)
            #expect(other?.code == "IDEMPOTENCY_KEY_REUSED")
            #expect(try await fleet.pending().count == 1)
            #expect(
                try await fleet.audit().filter { $0.action == "COMMAND_CREATE" && $0.result == .success }.count == 1
            )
            // A failed request does not use up its key.
            let ghost = self.request(to: "ghost")
            await #expect(throws: Problem.self) { try await create(ghost, key: "k2", in: fleet) }
            try await fleet.beat("ghost")
            #expect(try await create(ghost, key: "k2", in: fleet).instanceID == "ghost")
        }
    }

    private func createMany(_ request: BulkCommandRequest, key: String? = nil, in fleet: Fleet) async throws(Problem)
        -> BulkCommands
    {
        try await fleet.api.createCommands(.init(idempotencyKey: key, body: request, principal: alice)).body
    }

    @Test func `a dry run lists all instances, with the state of the first twenty`() async throws {
        try await Fleet.with { fleet in
            for number in 10..<33 { try await fleet.beat("i\(number)") }
            let target = FleetQuery(all: true)
            let dry = BulkCommandRequest(commandType: .stop, target: target, ttlSeconds: 60, dryRun: true)
            let found = try await createMany(dry, in: fleet)
            #expect(found.total == 23)
            #expect(found.items.map(\.instanceID) == (10..<33).map { "i\($0)" })
            #expect(found.instances?.map(\.instanceID) == (10..<30).map { "i\($0)" })
            let sent = try await createMany(.init(commandType: .stop, target: target, ttlSeconds: 60), in: fleet)
            #expect(sent.instances == nil)
            #expect(sent.total == 23)
        }
    }

    @Test func `a bulk reaches the matching instances, and a dry run lists them`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat("i1", bot: "b1", mode: .live)
            try await fleet.beat("i2", bot: "b1")
            try await fleet.beat("i3", bot: "b2", mode: .live)
            func ask(_ query: FleetQuery, dryRun: Bool = true) -> BulkCommandRequest {
                BulkCommandRequest(commandType: .safeMode, target: query, ttlSeconds: 60, dryRun: dryRun)
            }
            let live = try await createMany(ask(FleetQuery(runtimeMode: .live)), in: fleet)
            #expect(live.dryRun)
            #expect(live.items.map(\.instanceID) == ["i1", "i3"])
            #expect(live.items.map(\.commandID) == [nil, nil])
            #expect(try await fleet.pending("i1").isEmpty)
            let both = try await createMany(ask(FleetQuery(botID: "b1", runtimeMode: .live)), in: fleet)
            #expect(both.items.map(\.instanceID) == ["i1"])
            #expect(try await createMany(ask(FleetQuery(instanceIDs: ["i3", "ghost"])), in: fleet).total == 1)
            let all = ask(FleetQuery(all: true), dryRun: false)
            let sent = try await createMany(all, key: "stop-all", in: fleet)
            #expect(try await createMany(all, key: "stop-all", in: fleet) == sent)
            #expect(sent.items.map(\.instanceID) == ["i1", "i2", "i3"])
            for item in sent.items {
                #expect(try await fleet.pending(item.instanceID).map(\.commandID) == [item.commandID])
            }
            #expect(try await fleet.audit().filter { $0.action == "COMMAND_CREATE" }.count == 3)
        }
    }

    private func approve(_ id: UUID, by principal: Principal, in fleet: Fleet) async throws(Problem) -> Command {
        switch try await fleet.api.approveCommand(.init(commandID: id, body: CommandDecision(), principal: principal)) {
        case .ok(let command): return command
        }
    }

    private func deny(_ id: UUID, by principal: Principal, in fleet: Fleet) async throws(Problem) -> Command {
        switch try await fleet.api.denyCommand(.init(commandID: id, body: CommandDecision(), principal: principal)) {
        case .ok(let command): return command
        }
    }

    @Test func `commands that start or end real trading wait for approval where it is required`() async throws {
        var configuration = API.Configuration()
        configuration.needsApproval = true
        try await Fleet.with(configuration) { fleet in
            try await fleet.beat("live", mode: .live)
            try await fleet.beat("paper", hasToken: true)
            let toLive = try #require(JSONObject(#"{"mode":"live"}"#))
            #expect(try await create(request(.flatten, to: "paper"), in: fleet).status == .pending)
            #expect(try await create(request(.safeMode, to: "live"), in: fleet).status == .pending)
            let setMode = try await create(request(.setMode, to: "paper", payload: toLive), in: fleet)
            #expect(setMode.status == .awaitingApproval)
            let flatten = try await create(request(.flatten, to: "live"), in: fleet)
            #expect(flatten.status == .awaitingApproval)
            #expect(try await fleet.pending("live").map(\.commandType) == [.safeMode])
            let own = await #expect(throws: Problem.self) { try await approve(flatten.commandID, by: alice, in: fleet) }
            #expect(own?.code == "SECOND_PERSON_NEEDED")
            #expect(try await approve(flatten.commandID, by: bob, in: fleet).status == .pending)
            #expect(try await fleet.pending("live").map(\.commandType) == [.safeMode, .flatten])
            let twice = await #expect(throws: Problem.self) { try await approve(flatten.commandID, by: bob, in: fleet) }
            #expect(twice?.code == "COMMAND_NOT_WAITING")
            #expect(try await deny(setMode.commandID, by: bob, in: fleet).status == .denied)
            #expect(try await fleet.pending("paper").map(\.commandType) == [.flatten])
            let timeline = try await fleet.show(flatten.commandID).timeline.map { "\($0.event) \($0.actor)" }
            #expect(timeline == ["CREATED alice", "APPROVED bob", "DELIVERED live"])
            // Bulk commands cannot be used instead; they must be sent one by one.
            let many = BulkCommandRequest(commandType: .flatten, target: FleetQuery(all: true), ttlSeconds: 60)
            #expect(try await createMany(many, in: fleet).items.map(\.status) == [.awaitingApproval, .pending])
        }
    }

    @Test func `acknowledgements in any order leave the first final status`() async throws {
        try await Fleet.with { fleet in
            // Concurrent commands to the same instance wait for each other.
            let instances = (0..<50).map { "i\($0)" }
            for instance in instances { try await fleet.beat(instance) }
            var random = SplitMix()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<1_000 {
                    let order = AcknowledgementStatus.allCases.shuffled(using: &random)
                    group.addTask { try await acknowledge(fleet, instances[number % instances.count], in: order) }
                }
                try await group.waitForAll()
            }
        }
    }

    /// Acknowledges a new command with each status.
    private func acknowledge(_ fleet: Fleet, _ instance: String, in order: [AcknowledgementStatus]) async throws {
        let id = try await create(request(to: instance), in: fleet).commandID
        // The oracle: a rejection counts only before anything else, and the first final status is kept.
        var expected = CommandStatus.pending
        for status in order {
            switch (expected, status) {
            case (.pending, .accepted): expected = .accepted
            case (.pending, _), (.accepted, .completed), (.accepted, .failed):
                expected = try #require(CommandStatus(rawValue: status.rawValue))
            default: break
            }
            try await fleet.acknowledge(id, status, by: instance)
        }
        #expect(try await fleet.show(id).status == expected, "\(order)")
    }
}
