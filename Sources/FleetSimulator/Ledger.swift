import ContractRuntime
import Generated
import Synchronization

/// What a simulated bot has reported and done: what the control plane has to know in the end.
final class Ledger: Sendable {
    /// A value at a time.
    struct Point: Equatable {
        let at: Timestamp
        let value: Decimal
    }

    /// A cost as it was reported.
    struct Cost: Equatable {
        let type: CostType
        let amount: Decimal
        let at: Timestamp
    }

    /// An execution sample as it was reported.
    struct Execution: Hashable {
        let slippage: Decimal
        let latency: Decimal
        let at: Timestamp
    }

    struct Entries {
        /// By the type of the metric, in the order of time.
        var metrics: [String: [Point]] = [:]
        var costs: [String: Cost] = [:]
        var executions: [Execution] = []
        var position: (net: Decimal, gross: Decimal)?
        /// How often the handler of a command was called.
        var effects: [UUID: Int] = [:]
    }

    private let entries = Mutex(Entries())

    /// Everything so far.
    var content: Entries { entries.withLock { $0 } }

    /// Enters something.
    func enter(_ change: (inout Entries) -> Void) { entries.withLock { change(&$0) } }
}
