public import Generated
import Logging
import Synchronization

/// New orders are blocked. The bot must not place the order.
public struct OrdersRefused: Error, Hashable, CustomStringConvertible {
    /// The state that blocks orders: REDUCE_ONLY, SAFE_MODE, FLATTENED or STOPPED.
    public let state: AgentState

    /// A message with the state.
    public var description: String { "new orders are blocked in \(state.rawValue)" }
}

/// Decides whether the bot may place orders, from commands and from the dead-man switch.
///
/// Each successful response of the control plane renews a lease. Half of the timeout without a response is DEGRADED. The full timeout blocks
/// new orders, even if the task that checks the lease is stuck. Times come from a clock that never jumps.
final class SafetySwitch: Sendable {
    /// The part of the state that survives a restart.
    struct Standing: Equatable, Sendable {
        /// NORMAL, REDUCE_ONLY, SAFE_MODE, FLATTENED or STOPPED.
        var mode = AgentState.normal
        /// Whether the dead-man switch set the mode, so that it may end without a START command.
        var isDeadMan = false
        /// Whether the dead-man action of this outage is finished.
        var hasActed = false
    }

    /// An event that `tick` detects.
    enum Event: Equatable {
        /// The lease has expired: the dead-man action is due.
        case expired
        /// The control plane has answered for the resume time, and the mode is NORMAL again.
        case resumed
    }

    private struct State {
        var standing: Standing
        var lastContact: Duration
        var healthySince: Duration?
        /// Whether the dead-man action of this outage has started.
        var hasFired = false
        var hasLostLease = false
        /// Whether the dead-man switch set the mode, also if the bot does not resume automatically.
        var isSwitchedOff = false
        /// Counts the events that block orders, so that a START detects a stop that came after it.
        var stopCount = 0
    }

    private let clock: AgentClock
    /// The dead-man timeout; nil without a control plane.
    private let timeout: Duration?
    private let resume: Duration?
    private let journal: Journal
    private let logger: Logger
    private let state: Mutex<State>
    /// Set when the reported state has changed.
    let changed = Signal()

    init(_ configuration: AgentConfiguration, journal: Journal, clock: AgentClock, logger: Logger) {
        self.clock = clock
        self.journal = journal
        self.logger = logger
        timeout = configuration.controlPlaneURL == nil ? nil : configuration.deadManTimeout
        resume = configuration.deadManResume
        let standing = journal.standing
        state = Mutex(
            State(
                standing: standing,
                lastContact: clock.elapsed(),
                hasFired: standing.hasActed,
                isSwitchedOff: standing.isDeadMan
            )
        )
    }

    // MARK: - Reading

    /// The state that heartbeats report.
    var reported: AgentState {
        let now = clock.elapsed()
        return state.withLock { reported($0, now) }
    }

    /// Why that state is not NORMAL; nil for NORMAL and DEGRADED.
    var cause: StateCause? {
        let now = clock.elapsed()
        return state.withLock { state in
            let reported = reported(state, now)
            if reported == .normal || reported == .degraded { return nil }
            // The state of a command or of the switch is stronger than a lost lease.
            if reported == state.standing.mode { return state.isSwitchedOff ? .deadMan : .command }
            return state.hasLostLease ? .leaseLost : .deadMan
        }
    }

    /// Whether another process has taken over the instance.
    var hasLostLease: Bool { state.withLock(\.hasLostLease) }

    /// Whether the control plane has not answered for the full timeout.
    var hasExpired: Bool {
        let now = clock.elapsed()
        return state.withLock { state in timeout.map { now - state.lastContact >= $0 } ?? false }
    }

    /// How many events have blocked orders so far. Pass it to `open`.
    var stopCount: Int { state.withLock(\.stopCount) }

    /// Throws if new orders are blocked now.
    func permit() throws(OrdersRefused) {
        let state = reported
        guard state == .normal || state == .degraded else { throw OrdersRefused(state: state) }
    }

    private func reported(_ state: State, _ now: Duration) -> AgentState {
        let mode = state.standing.mode
        guard mode == .normal || mode == .reduceOnly else { return mode }
        if state.hasLostLease { return .safeMode }
        guard let timeout else { return mode }
        let silence = now - state.lastContact
        if silence >= timeout { return .safeMode }
        return mode == .normal && silence >= timeout / 2 ? .degraded : mode
    }

    /// How long until an event can be due at the earliest. Responses in the meantime only postpone the expiry of the lease. After an expiry
    /// the next one is at least one timeout away.
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

    /// Renews the lease after a successful response of the control plane.
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

    /// Blocks new orders permanently, because another process has taken over the instance. The dead-man switch no longer acts.
    func loseLease() {
        state.withLock { state in
            state.hasLostLease = true
            state.stopCount += 1
        }
    }

    /// Checks the time, and returns the event that is due.
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
            state.stopCount += 1
            if state.standing.mode == .normal || state.standing.mode == .reduceOnly {
                // A bot that an operator restricted does not resume automatically.
                state.standing.isDeadMan = state.standing.mode == .normal
                state.standing.mode = .safeMode
                state.isSwitchedOff = true
            }
            return .expired
        }
        if let resume, let since = state.healthySince, state.standing.isDeadMan, now - since >= resume {
            state.standing = Standing()
            state.isSwitchedOff = false
            return .resumed
        }
        return nil
    }

    /// Records that the dead-man action is finished.
    func acted() async {
        state.withLock { state in
            // A response during the action has ended the outage and cleared `hasFired`.
            if state.hasFired { state.standing.hasActed = true }
        }
        await save()
    }

    // MARK: - Commands

    /// Blocks new orders.
    ///
    /// - Parameters:
    ///   - mode: REDUCE_ONLY, SAFE_MODE, FLATTENED or STOPPED.
    ///   - isDeadMan: Whether the dead-man switch is the cause. It does not make a stop by a command resumable.
    func close(_ mode: AgentState, isDeadMan: Bool = false) async {
        state.withLock { state in
            state.stopCount += 1
            state.standing.isDeadMan = isDeadMan && (state.standing.isDeadMan || state.standing.mode == .normal)
            state.standing.mode = mode
            state.isSwitchedOff = isDeadMan
        }
        changed.set()
        await save()
    }

    /// Permits new orders, unless they were blocked again since `stopCount` was read. Returns the reason for a refusal, or nil.
    func open(ifStillAt stopCount: Int) async -> String? {
        let now = clock.elapsed()
        let refusal: String? = state.withLock { state in
            if state.stopCount != stopCount { return "OVERTAKEN: the agent was stopped again after this command" }
            if state.hasLostLease { return "LEASE_LOST: another process has taken over this instance" }
            if let timeout, now - state.lastContact >= timeout {
                return "NO_CONTACT: the control plane has not answered within the dead-man timeout"
            }
            state.standing.mode = .normal
            state.standing.isDeadMan = false
            state.isSwitchedOff = false
            return nil
        }
        if refusal == nil {
            changed.set()
            await save()
        }
        return refusal
    }

    /// Writes the state to the journal. If that fails, the state in memory stays in force and the failure is logged.
    private func save() async {
        do {
            try await journal.save { [self] in state.withLock(\.standing) }
        } catch {
            logger.critical(
                "cannot write the journal, so a restart would lose the change of state: \(error)"
            )
        }
    }
}
