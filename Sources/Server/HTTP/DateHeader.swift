import ContractRuntime
import Handlers
import Synchronization

/// The `Date` header of responses (RFC 9110, section 6.6.1), formatted once per second. It is the database's time: agents decide by it
/// whether a command has expired.
enum DateHeader {
    private static let last = Mutex((second: Int64.min, text: ""))

    /// The current value of the header.
    static var now: String {
        let time = DatabaseClock.now
        let second = time.microsecondsSinceEpoch / 1_000_000
        return last.withLock { last in
            if last.second != second { last = (second, time.httpDate) }
            return last.text
        }
    }
}
