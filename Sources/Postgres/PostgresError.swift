/// Why the database did not do what it was asked.
///
/// `description` is safe to log and to show; what the server said, which may hold values of rows, is only in `debugDescription`.
public struct PostgresError: Error, Sendable {
    /// What kind of failure it is.
    public struct Code: Hashable, Sendable {
        private enum Base: Hashable {
            case unavailable, timeout, connectionLost, statement, decoding, configuration
        }

        private let base: Base

        /// No connection became free within the deadline: nothing was sent.
        public static let unavailable = Code(base: .unavailable)
        /// The statement was sent and its answer did not come within the deadline: it may have been carried out.
        public static let timeout = Code(base: .timeout)
        /// The connection broke after the statement was sent: it may have been carried out.
        public static let connectionLost = Code(base: .connectionLost)
        /// The server refused the statement; `state` says why. Nothing was done.
        public static let statement = Code(base: .statement)
        /// A row does not have the shape that its query declares.
        public static let decoding = Code(base: .decoding)
        /// The database or its cluster cannot be used as it is set up.
        public static let configuration = Code(base: .configuration)
    }

    /// What kind of failure it is.
    public let code: Code
    /// The server's reason, for code `statement`.
    public let state: SQLState?
    /// The name of the query.
    public let statement: String?
    /// The server's or libpq's text. It may hold values, so it is for `debugDescription`.
    let message: String

    init(_ code: Code, state: SQLState? = nil, statement: String? = nil, _ message: String) {
        self.code = code
        self.state = state
        self.statement = statement
        self.message = message
    }

    /// The deadline of the request has passed.
    static let noTimeLeft = PostgresError(.unavailable, "the deadline of the request has passed")

    /// Whether the statement may have been carried out although no answer came.
    public var isOutcomeUnknown: Bool { code == .timeout || code == .connectionLost }

    /// Whether trying again later can help: the server did not judge the statement itself.
    public var isTransient: Bool {
        switch code {
        case .unavailable, .timeout, .connectionLost: true
        case .statement: state?.isTransient ?? false || isLibraryFailure
        default: false
        }
    }

    /// Whether there is no room for what the statement writes: it succeeds once an operator has made some.
    public var isDiskFull: Bool { state == .diskFull }

    /// Whether the server cannot load a library of its own: its files changed while it runs, as by an upgrade of its packages.
    ///
    /// The state depends on what the system's loader left in `errno`, so the text decides (PostgreSQL source, `dfmgr.c`).
    public var isLibraryFailure: Bool {
        let texts = ["could not load library", "incompatible library", "could not access file \"$libdir"]
        return texts.contains { message.utf8.firstRange(of: $0.utf8) != nil }
    }

    /// Whether the server lost the prepared statement, or a migration changed the rows that it answers.
    var isStaleStatement: Bool { state == .invalidStatementName || state == .featureNotSupported }

    /// Whether the server takes no writes: it has become a standby, and another connection may reach the primary.
    var isReadOnly: Bool { state == .readOnlyTransaction }

    func named(_ statement: String) -> PostgresError {
        PostgresError(code, state: state, statement: self.statement ?? statement, message)
    }
}

extension PostgresError: CustomStringConvertible, CustomDebugStringConvertible {
    /// Safe to log and to show.
    public var description: String {
        let place = statement.map { " in \($0)" } ?? ""
        switch code {
        case .unavailable: return "no database connection within the deadline\(place)"
        case .timeout: return "no answer from the database within the deadline\(place)"
        case .connectionLost: return "the database connection was lost\(place)"
        case .statement: return "database error \(state?.code ?? "without SQLSTATE")\(place)"
        case .decoding: return "unexpected row\(place)"
        default: return message
        }
    }

    /// With what the server said.
    public var debugDescription: String { "\(description): \(message)" }
}

/// The server's reason for an error (PostgreSQL manual, appendix A "PostgreSQL Error Codes").
public struct SQLState: Hashable, Sendable {
    /// The five characters.
    public let code: String

    /// The state with these five characters.
    public init(_ code: String) {
        self.code = code
    }

    /// 23505
    public static let uniqueViolation = SQLState("23505")
    /// 23503: a row refers to one that is gone.
    public static let foreignKeyViolation = SQLState("23503")
    /// 42P04
    public static let duplicateDatabase = SQLState("42P04")
    /// 26000: the server forgot the prepared statement.
    static let invalidStatementName = SQLState("26000")
    /// 0A000 is what a prepared statement answers whose row type a migration has changed.
    static let featureNotSupported = SQLState("0A000")

    /// 25006: the server takes no writes.
    static let readOnlyTransaction = SQLState("25006")
    /// 55P03: the lock was not free within `lock_timeout`.
    static let lockNotAvailable = SQLState("55P03")
    /// 53100: no space is left on the device.
    static let diskFull = SQLState("53100")
    /// 40000: the transaction was rolled back.
    static let transactionRollback = SQLState("40000")

    /// A value that the server cannot take: class 22, such as a number out of range; class 54, such as a text that is too long for an
    /// index; and 23514, a check that a column has.
    public var isDataException: Bool { code.hasPrefix("22") || code.hasPrefix("54") || code == "23514" }

    /// Whether the statement is at fault, and not the server's condition: its neighbours in a batch may succeed without it.
    var isFaultOfStatement: Bool { isDataException || code.hasPrefix("23") }

    /// Serialization failure or deadlock: without the other transaction the statement may succeed.
    var isConflict: Bool { code == "40001" || code == "40P01" }

    /// Deadlock, serialization failure, a full disk, too many connections, shutting down or starting up, a fault of the machine (class 58), a
    /// standby, a lock that others hold.
    var isTransient: Bool {
        ["08", "40", "53", "57", "58"].contains(code.prefix(2))
            || [.readOnlyTransaction, .lockNotAvailable].contains(self)
    }
}
