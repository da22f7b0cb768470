public import Generated
import Logging
import Synchronization

/// New orders are refused.
public struct OrdersRefused: Error, Hashable, CustomStringConvertible {
    /// The state that refuses them.
    public let state: AgentState

    public var description: String { "no new orders in \(state.rawValue)" }
}

/// Whether the bot may give orders: the dead-man switch, and what commands say.
///
/// The control plane's answers renew a lease. Half of the timeout without one is DEGRADED; the whole of it closes the gate, whatever else
/// the process is doing at that moment. Time is that of a clock that never jumps.
final class SafetySwitch: Sendable {
    /// What lasts, also over a restart.
    struct Standing: Equatable, Sendable {
        /// NORMAL, SAFE_MODE, FLATTENED or STOPPED.
        var mode = AgentState.normal
        /// Whether the dead-man switch brought that about, so that it may end by itself.
        var isDeadMan = false
        /// Whether the dead-man switch has done all it does in this outage.
        var hasActed = false
    }

    /// What has just become due.
    enum Event: Equatable {
        /// The lease ran out: the action of the dead-man switch is due.
        case expired
        /// The control plane has answered for long enough.
        case resumed
    }

    private struct State {
        var standing: Standing
        var lastContact: Duration
        var healthySince: Duration?
        /// Whether the action of this outage was begun.
        var hasFired = false
        var hasLostLease = false
        /// Counts what closes the gate, so that a START knows whether it was overtaken.
        var closings = 0
    }

    private let clock: AgentClock
    /// Nil without a control plane.
    private let timeout: Duration?
    private let resume: Duration?
    private let journal: Journal
    private let logger: Logger
    private let state: Mutex<State>
    /// Told when the reported state has changed.
    let changed = Signal()

    init(_ configuration: AgentConfiguration, journal: Journal, clock: AgentClock, logger: Logger) {
        self.clock = clock
        self.journal = journal
        self.logger = logger
        timeout = configuration.controlPlaneURL == nil ? nil : configuration.deadManTimeout
        resume = configuration.deadManResume
        let standing = journal.standing
        state = Mutex(State(standing: standing, lastContact: clock.elapsed(), hasFired: standing.hasActed))
    }

    // MARK: - Looking

    /// What the agent reports of itself.
    var reported: AgentState {
        let now = clock.elapsed()
        return state.withLock { reported($0, now) }
    }

    /// Whether another process reports for the instance.
    var hasLostLease: Bool { state.withLock(\.hasLostLease) }

    /// Whether the control plane has been silent for the whole of the timeout.
    var hasExpired: Bool {
        let now = clock.elapsed()
        return state.withLock { state in timeout.map { now - state.lastContact >= $0 } ?? false }
    }

    /// How often the gate was closed.
    var closings: Int { state.withLock(\.closings) }

    /// Throws unless new orders may be given now.
    func permit() throws(OrdersRefused) {
        let state = reported
        guard state == .normal || state == .degraded else { throw OrdersRefused(state: state) }
    }

    private func reported(_ state: State, _ now: Duration) -> AgentState {
        if state.standing.mode != .normal { return state.standing.mode }
        if state.hasLostLease { return .safeMode }
        guard let timeout else { return .normal }
        let silence = now - state.lastContact
        return silence >= timeout ? .safeMode : silence >= timeout / 2 ? .degraded : .normal
    }

    /// How long nothing can become due, whatever happens meanwhile: an answer only puts off the end of the lease. Once that has come, the
    /// next one is at least a whole timeout away.
    var untilNextTick: Duration {
        let now = clock.elapsed()
        return state.withLock { state in
            guard let timeout, !state.hasLostLease else { return .seconds(3600) }
            var next = state.lastContact + (now < state.lastContact + timeout / 2 ? timeout / 2 : timeout)
            if state.hasFired { next = now + min(timeout / 2, resume ?? timeout) }
            if let resume, let since = state.healthySince, state.standing.isDeadMan { next = min(next, since + resume) }
            return max(next - now, .milliseconds(5))
        }
    }

    // MARK: - The lease

    /// The control plane has answered.
    func contact() async {
        let now = clock.elapsed()
        let isChanged = state.withLock { state -> Bool in
            let wasSilent = timeout.map { now - state.lastContact >= $0 / 2 } ?? false
            if wasSilent || state.healthySince == nil { state.healthySince = now }
            state.lastContact = now
            state.hasFired = false
            defer { state.standing.hasActed = false }
            return state.standing.hasActed
        }
        if isChanged { await save() }
    }

    /// Another process reports for the instance: this one gives no more orders, and leaves everything else to the other.
    func loseLease() {
        state.withLock { state in
            state.hasLostLease = true
            state.closings += 1
        }
    }

    /// Looks at the time.
    func tick() async -> Event? {
        let now = clock.elapsed()
        let event = state.withLock { due(&$0, now) }
        if event != nil {
            changed.set()
            await save()
        }
        return event
    }

    private func due(_ state: inout State, _ now: Duration) -> Event? {
        guard let timeout, !state.hasLostLease else { return nil }
        let silence = now - state.lastContact
        if silence >= timeout / 2 { state.healthySince = nil }
        if silence >= timeout, !state.hasFired {
            state.hasFired = true
            state.closings += 1
            if state.standing.mode == .normal {
                state.standing.mode = .safeMode
                state.standing.isDeadMan = true
            }
            return .expired
        }
        if let resume, let since = state.healthySince, state.standing.isDeadMan, now - since >= resume {
            state.standing = Standing()
            return .resumed
        }
        return nil
    }

    /// The dead-man switch has done what it does.
    func acted() async {
        state.withLock { state in
            // An answer that came in between has ended the outage.
            if state.hasFired { state.standing.hasActed = true }
        }
        await save()
    }

    // MARK: - Commands

    /// Closes the gate, or says why it is closed.
    ///
    /// - Parameter isDeadMan: Whether it is the dead-man switch that says so; what a command said stays said.
    func close(_ mode: AgentState, isDeadMan: Bool = false) async {
        state.withLock { state in
            state.closings += 1
            state.standing.isDeadMan = isDeadMan && (state.standing.isDeadMan || state.standing.mode == .normal)
            state.standing.mode = mode
        }
        changed.set()
        await save()
    }

    /// Opens the gate if nothing has closed it since there were so many closings; says why not otherwise.
    func open(ifStillAt closings: Int) async -> String? {
        let now = clock.elapsed()
        let obstacle: String? = state.withLock { state in
            if state.closings != closings { return "OVERTAKEN: the agent was stopped again meanwhile" }
            if state.hasLostLease { return "LEASE_LOST: another process reports for this instance" }
            if let timeout, now - state.lastContact >= timeout {
                return "NO_CONTACT: the control plane does not answer"
            }
            state.standing.mode = .normal
            state.standing.isDeadMan = false
            return nil
        }
        if obstacle == nil {
            changed.set()
            await save()
        }
        return obstacle
    }

    /// What the process knows is what counts; a disk that fails is told of.
    private func save() async {
        do {
            try await journal.save { [self] in state.withLock(\.standing) }
        } catch {
            logger.critical(
                "the journal cannot be written, so a restart would forget that the state has changed: \(error)"
            )
        }
    }
}
