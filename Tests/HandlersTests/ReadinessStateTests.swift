import ContractRuntime
import Testing

@testable import Handlers

/// The validity of a readiness check's result.
@Suite struct ReadinessStateTests {
    @Test func `a result is valid for four seconds`() {
        let (readiness, now) = (ReadinessState(), ContinuousClock.now)
        #expect(readiness.problem(now: now)?.code == "DATABASE_UNAVAILABLE")
        #expect(readiness.record(nil, at: now))
        #expect(readiness.problem(now: now + .seconds(4)) == nil)
        #expect(readiness.problem(now: now + .milliseconds(4_001))?.code == "READINESS_UNKNOWN")
        #expect(!readiness.record(nil, at: now + .seconds(5)))
        #expect(readiness.problem(now: now + .seconds(5)) == nil)
    }

    @Test func `a server that is shutting down is not ready, whatever a check finds`() {
        let readiness = ReadinessState()
        _ = readiness.record(nil)
        readiness.shutDown()
        _ = readiness.record(nil)
        #expect(readiness.problem()?.code == "SHUTTING_DOWN")
        #expect(readiness.problem()?.status == 503)
    }
}
