import ContractRuntime
import Synchronization

/// The `Date` header of answers (RFC 9110, section 6.6.1), made once a second. Agents see by it whether their clocks are right.
enum DateHeader {
    private static let last = Mutex((second: Int64.min, text: ""))

    /// The header's value now.
    static var now: String {
        let time = Timestamp.now
        let second = time.microsecondsSinceEpoch / 1_000_000
        return last.withLock { last in
            if last.second != second { last = (second, time.httpDate) }
            return last.text
        }
    }
}
