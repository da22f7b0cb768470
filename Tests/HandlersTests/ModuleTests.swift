import ContractRuntime
import Foundation
import Generated
import Handlers
import Testing

@Suite struct ModuleTests {
    private let id = UUID()

    private func registration(_ id: UUID? = nil, name: String = "rebalance", enabled: Bool = true) throws
        -> ModuleRegistration
    {
        ModuleRegistration(
            moduleID: id ?? self.id,
            name: name,
            description: nil,
            enabled: enabled,
            executionMode: .manual,
            scheduleCron: nil,
            config: try #require(JSONObject(#"{"bps": 25}"#)),
            createdAt: try #require(Timestamp("2026-01-01T00:00:00Z")),
            updatedAt: try #require(Timestamp("2026-01-02T00:00:00Z"))
        )
    }

    private func upsert(_ registration: ModuleRegistration, in fleet: Fleet) async throws -> Module {
        switch try await fleet.api.upsertModule(.init(body: registration, principal: fleet.operatorPrincipal)) {
        case .created(let module): module
        }
    }

    private func show(_ id: UUID, in fleet: Fleet) async throws -> Module {
        switch try await fleet.api.getModule(.init(moduleID: id, principal: fleet.operatorPrincipal)) {
        case .ok(let module): module
        }
    }

    private func delete(_ id: UUID, in fleet: Fleet) async throws {
        _ = try await fleet.api.deleteModule(.init(moduleID: id, principal: fleet.operatorPrincipal))
    }

    @Test func `a module is registered, changed, shown and deleted, and each step is audited`() async throws {
        try await Fleet.with { fleet in
            let created = try await upsert(registration(), in: fleet)
            #expect(created.clientCreatedAt.description == "2026-01-01T00:00:00Z")
            #expect(try await show(id, in: fleet) == created)
            let changed = try await upsert(registration(name: "nightly", enabled: false), in: fleet)
            #expect(changed.name == "nightly")
            #expect(changed.createdAt == created.createdAt)
            #expect(changed.updatedAt > created.updatedAt)
            #expect(try await show(id, in: fleet) == changed)
            try await delete(id, in: fleet)
            let problem = await #expect(throws: Problem.self) { try await show(id, in: fleet) }
            #expect(problem?.status == 404)
            #expect(problem?.detail == "Module not found")
            let entries = try await fleet.audit()
            #expect(entries.map(\.action) == ["MODULE_DELETE", "MODULE_UPDATE", "MODULE_CREATE"])
            #expect(entries.map(\.details.description) == ["{}", #"{"enabled": false}"#, #"{"enabled": true}"#])
        }
    }

    @Test func `deleting a missing module has the same response and is audited as a failure`() async throws {
        try await Fleet.with { fleet in
            try await delete(id, in: fleet)
            let entry = try #require(try await fleet.audit().first)
            #expect(entry.action == "MODULE_DELETE")
            #expect(entry.result == .failure)
            #expect(entry.details.description == #"{"noop": true}"#)
        }
    }

    @Test func `a deleted module that is registered again starts over`() async throws {
        try await Fleet.with { fleet in
            let first = try await upsert(registration(), in: fleet)
            try await delete(id, in: fleet)
            let second = try await upsert(registration(), in: fleet)
            #expect(second.createdAt > first.createdAt)
            #expect(try await fleet.audit().map(\.action) == ["MODULE_CREATE", "MODULE_DELETE", "MODULE_CREATE"])
        }
    }

    @Test func `the list is ordered by name and filtered`() async throws {
        try await Fleet.with { fleet in
            for (name, enabled) in [("c", true), ("a", false), ("b", true)] {
                _ = try await upsert(registration(UUID(), name: name, enabled: enabled), in: fleet)
            }
            func names(_ enabled: Bool?) async throws -> [String] {
                switch try await fleet.api.listModules(.init(enabled: enabled, principal: fleet.operatorPrincipal)) {
                case .ok(let page): page.items.map(\.name)
                }
            }
            #expect(try await names(nil) == ["a", "b", "c"])
            #expect(try await names(true) == ["b", "c"])
            #expect(try await names(false) == ["a"])
        }
    }
}
