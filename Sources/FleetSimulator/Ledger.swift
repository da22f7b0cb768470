import ContractRuntime
import Generated
import Synchronization

/// The record of a simulated bot's reports and executed commands, which the control plane's data must match.
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
        /// The values by type of metric, in chronological order.
        var metrics: [String: [Point]] = [:]
        var costs: [String: Cost] = [:]
        var executions: [Execution] = []
        var position: (net: Decimal, gross: Decimal)?
        /// How often the handler ran, by ID of the command.
        var effects: [UUID: Int] = [:]
    }

    private let entries = Mutex(Entries())

    /// A copy of all entries.
    var content: Entries { entries.withLock { $0 } }

    /// Changes the entries under the lock.
    func record(_ change: (inout Entries) -> Void) { entries.withLock { change(&$0) } }
}
