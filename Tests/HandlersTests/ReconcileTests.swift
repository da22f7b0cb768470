import ContractRuntime
import Generated
import Handlers
import TestSupport
import Testing

/// The status of a comparison, independent of the reported one.
@Suite struct ReconcileTests {
    private func submit(
        _ exchange: String,
        _ own: String,
        _ difference: String,
        _ status: ReconcileStatus,
        in fleet: Fleet
    ) async throws -> ReconcileResult {
        let report = ReconcileReport(
            instanceID: "i1",
            exchangeEquity: try #require(Decimal(exchange)),
            internalEquity: try #require(Decimal(own)),
            difference: try #require(Decimal(difference)),
            status: status,
            timestamp: .now
        )
        switch try await fleet.api.submitReconcile(.init(body: report, principal: fleet.operatorPrincipal)) {
        case .accepted(let result): return result
        }
    }

    @Test(arguments: [
        // The tolerance of 1 bps is 0.1 here.
        ("1000", "950", "50", ReconcileStatus.ok, ReconcileStatus.mismatch),
        ("1000", "999.9", "0.1", .ok, .ok), ("1000", "999.89", "0.11", .ok, .mismatch),
        ("1000", "999.99", "0.01", .mismatch, .mismatch), ("1000", "1000", "0", .mismatch, .ok),
        ("950", "1000", "50", .mismatch, .mismatch), ("950", "1000", "-50", .mismatch, .mismatch),
        ("1000", "949.96", "50.0", .mismatch, .mismatch),
    ])
    func `the server decides by the numbers and stores the reported status`(
        exchange: String,
        own: String,
        difference: String,
        said: ReconcileStatus,
        found: ReconcileStatus
    ) async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            let result = try await submit(exchange, own, difference, said, in: fleet)
            #expect(result.status == found)
            #expect(result.reportedStatus == said)
            #expect(!result.isDifferenceWrong)
        }
    }

    @Test func `a difference that does not match the two equities is rejected, or marked`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            let problem = await #expect(throws: Problem.self) {
                try await submit("1000", "950", "20", .mismatch, in: fleet)
            }
            #expect(problem?.status == 422)
            #expect(problem?.errors.first?.pointer == "/difference")
            #expect(problem?.errors.first?.message == "found 20, expected the difference of 1000 and 950")
        }
        var configuration = API.Configuration()
        configuration.acceptsWrongDifferences = true
        try await Fleet.with(configuration) { fleet in
            try await fleet.beat()
            #expect(try await submit("1000", "950", "20", .ok, in: fleet).isDifferenceWrong)
        }
    }
}
