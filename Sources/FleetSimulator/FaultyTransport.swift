import AgentKit
import ContractRuntime
import Synchronization

/// A network that fails as the plan says.
final class FaultyTransport: Transport {
    /// A call that the network has swallowed.
    private struct Lost: Error {}

    private let inner: HTTPTransport
    private let bot: SimulationPlan.Bot
    private let world: World
    private let random: Mutex<SeededGenerator>
    /// Set when the process ends: from then on nothing goes out.
    private let isCut = Mutex(false)

    init(_ inner: HTTPTransport, bot: SimulationPlan.Bot, world: World, random: SeededGenerator) {
        self.inner = inner
        self.bot = bot
        self.world = world
        self.random = Mutex(random)
    }

    /// Nothing goes out any more: the process has ended.
    func cut() { isCut.withLock { $0 = true } }

    func send(_ request: ClientRequest) async throws -> ClientResponse {
        let isPoll = request.method == "GET"
        let fate = random.withLock { random in
            (
                delay: bot.has(.slow) ? Double.random(in: 0.2...3, using: &random) : 0,
                isDoubled: bot.has(.duplicates) && !isPoll && random.happens(0.2),
                isCopied: bot.has(.reorder) && !isPoll && random.happens(0.2),
                isAnswerLost: bot.has(.lostAnswers) && random.happens(0.1)
            )
        }
        world.count(request)
        try await pass()
        if fate.delay > 0 { try await Task.sleep(for: .seconds(fate.delay)) }
        if fate.isDoubled { _ = try? await inner.send(request) }
        let response = try await inner.send(request)
        if fate.isCopied { deliverLate(request) }
        try await pass()
        if fate.isAnswerLost { throw Lost() }
        return response
    }

    /// Waits in vain while nothing comes through.
    private func pass() async throws {
        guard isCut.withLock({ $0 }) || bot.cuts.contains(where: { $0.contains(world.elapsed) }) else { return }
        world.countFailure()
        if !isCut.withLock({ $0 }) { try await Task.sleep(for: .seconds(3)) }
        throw Lost()
    }

    private func deliverLate(_ request: ClientRequest) {
        world.late.add()
        Task {
            try? await Task.sleep(for: .seconds(random.withLock { Double.random(in: 1...5, using: &$0) }))
            if !bot.cuts.contains(where: { $0.contains(world.elapsed) }) { _ = try? await inner.send(request) }
            world.late.remove()
        }
    }
}

/// An operator's calls.
struct OperatorTransport: Transport {
    let inner: HTTPTransport
    let token: String

    func send(_ request: ClientRequest) async throws -> ClientResponse {
        var request = request
        request.headers.append((name: "X-Admin-Token", value: token))
        return try await inner.send(request)
    }
}
