public import ContractRuntime
public import Generated

extension API {
    public func getReadiness(_ input: GetReadiness.Input) async throws(Problem) -> GetReadiness.Output {
        _ = try await run(.ping())
        return .ok(Readiness(status: .ready, timestamp: .now))
    }
}
