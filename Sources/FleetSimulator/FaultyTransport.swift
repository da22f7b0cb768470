import AgentKit
import ContractRuntime
import Synchronization

/// A transport with the network faults of the plan.
final class FaultyTransport: Transport {
    /// The error of a lost request or response.
    private struct CallLost: Error {}

    private let inner: HTTPTransport
    private let bot: SimulationPlan.Bot
    private let run: SimulationRun
    private let random: Mutex<SeededGenerator>
    /// Set when the simulated process ends. After that no request is sent.
    private let isDisconnected = Mutex(false)

    init(_ inner: HTTPTransport, bot: SimulationPlan.Bot, run: SimulationRun, random: SeededGenerator) {
        self.inner = inner
        self.bot = bot
        self.run = run
        self.random = Mutex(random)
    }

    /// Drops all further requests, as if the process had ended.
    func disconnect() { isDisconnected.withLock { $0 = true } }

    func send(_ request: ClientRequest) async throws -> ClientResponse {
        let isPoll = request.method == "GET"
        let faults = random.withLock { random in
            (
                delay: bot.has(.slow) ? Double.random(in: 0.2...3, using: &random) : 0,
                isDoubled: bot.has(.duplicates) && !isPoll && random.happens(0.2),
                isCopied: bot.has(.reorder) && !isPoll && random.happens(0.2),
                isAnswerLost: bot.has(.lostAnswers) && random.happens(0.1)
            )
        }
        run.count(request)
        try await throwDuringOutage()
        if faults.delay > 0 { try await Task.sleep(for: .seconds(faults.delay)) }
        if faults.isDoubled { _ = try? await inner.send(request) }
        let response = try await inner.send(request)
        if faults.isCopied { deliverLate(request) }
        try await throwDuringOutage()
        if faults.isAnswerLost { throw CallLost() }
        return response
    }

    /// Waits 3 seconds and throws if there is an outage now.
    private func throwDuringOutage() async throws {
        guard isDisconnected.withLock({ $0 }) || bot.outages.contains(where: { $0.contains(run.elapsed) }) else {
            return
        }
        run.countFailure()
        if !isDisconnected.withLock({ $0 }) { try await Task.sleep(for: .seconds(3)) }
        throw CallLost()
    }

    /// Sends a copy of a request after 1 to 5 seconds.
    private func deliverLate(_ request: ClientRequest) {
        run.lateCalls.add()
        Task {
            try? await Task.sleep(for: .seconds(random.withLock { Double.random(in: 1...5, using: &$0) }))
            if !bot.outages.contains(where: { $0.contains(run.elapsed) }) { _ = try? await inner.send(request) }
            run.lateCalls.remove()
        }
    }
}

/// A transport that adds the operator's token to each request.
struct OperatorTransport: Transport {
    let inner: HTTPTransport
    let token: String

    func send(_ request: ClientRequest) async throws -> ClientResponse {
        var request = request
        request.headers.add("X-Admin-Token", token)
        return try await inner.send(request)
    }
}
