/// A failed database operation.
///
/// `description` is safe to log and to show. The server's text, which may contain values of rows, is only in `debugDescription`.
public struct PostgresError: Error, Sendable {
    /// The kind of failure.
    public struct Code: Hashable, Sendable {
        private enum Base: Hashable {
            case unavailable, timeout, connectionLost, statement, decoding, configuration
        }

        private let base: Base

        /// No connection became available within the deadline. Nothing was sent.
        public static let unavailable = Code(base: .unavailable)
        /// The statement was sent, but not answered within the deadline. It may have been executed.
        public static let timeout = Code(base: .timeout)
        /// The connection broke after the statement was sent. It may have been executed.
        public static let connectionLost = Code(base: .connectionLost)
        /// The server rejected the statement; `state` is the reason. Nothing was changed.
        public static let statement = Code(base: .statement)
        /// A row does not have the shape that its query declares.
        public static let decoding = Code(base: .decoding)
        /// The configuration of the database or its cluster is unusable.
        public static let configuration = Code(base: .configuration)
    }

    /// The kind of failure.
    public let code: Code
    /// The server's reason, for code `statement`.
    public let state: SQLState?
    /// The name of the query.
    public let statement: String?
    /// The text of the server or libpq. It may contain values, so it is only for `debugDescription`.
    let message: String

    init(_ code: Code, state: SQLState? = nil, statement: String? = nil, _ message: String) {
        self.code = code
        self.state = state
        self.statement = statement
        self.message = message
    }

    /// The deadline of the request has passed.
    static let noTimeLeft = PostgresError(.unavailable, "the deadline of the request has passed")

    /// Whether the statement may have been executed although no answer arrived.
    public var isOutcomeUnknown: Bool { code == .timeout || code == .connectionLost }

    /// Whether a later attempt can succeed: the server did not reject the statement itself.
    public var isTransient: Bool {
        switch code {
        case .unavailable, .timeout, .connectionLost: true
        case .statement: state?.isTransient ?? false || isLibraryFailure
        default: false
        }
    }

    /// Whether the disk is full. The statement succeeds once an operator has freed space.
    public var isDiskFull: Bool { state == .diskFull }

    /// Whether the server cannot load one of its libraries: its files changed while it was running, for example in a package upgrade.
    ///
    /// The SQL state depends on what the system's loader left in `errno`, so this checks the text (PostgreSQL source, `dfmgr.c`).
    public var isLibraryFailure: Bool {
        let texts = ["could not load library", "incompatible library", "could not access file \"$libdir"]
        return texts.contains { message.utf8.firstRange(of: $0.utf8) != nil }
    }

    /// Whether the server lost the prepared statement, or a migration changed its result columns.
    var isStaleStatement: Bool { state == .invalidStatementName || state == .featureNotSupported }

    /// Whether the server is read-only: it has become a standby, and another connection may reach the primary.
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

    /// The description with the server's text.
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
    /// 23503: a row refers to one that does not exist.
    public static let foreignKeyViolation = SQLState("23503")
    /// 42P04
    public static let duplicateDatabase = SQLState("42P04")
    /// 42710: a role of this name exists.
    static let duplicateObject = SQLState("42710")
    /// 42501: the role lacks a privilege.
    public static let insufficientPrivilege = SQLState("42501")
    /// 26000: the prepared statement does not exist.
    static let invalidStatementName = SQLState("26000")
    /// 0A000: a migration changed the row type of the prepared statement.
    static let featureNotSupported = SQLState("0A000")

    /// 25006: the server is read-only.
    static let readOnlyTransaction = SQLState("25006")
    /// 55P03: the lock was not free within `lock_timeout`.
    static let lockNotAvailable = SQLState("55P03")
    /// 53100: no space is left on the device.
    static let diskFull = SQLState("53100")
    /// 40000: the transaction was rolled back.
    static let transactionRollback = SQLState("40000")

    /// A value that the server rejects: class 22, such as a number out of range; class 54, such as a text that is too long for an index; and
    /// 23514, a column's check constraint.
    public var isDataException: Bool { code.hasPrefix("22") || code.hasPrefix("54") || code == "23514" }

    /// Whether the statement caused the error, not the server's condition: other rows of a batch may succeed without it.
    var isFaultOfStatement: Bool { isDataException || code.hasPrefix("23") }

    /// Serialization failure or deadlock: the statement may succeed when the other transaction has ended.
    var isConflict: Bool { code == "40001" || code == "40P01" }

    /// Deadlock, serialization failure, full disk, too many connections, shutdown or startup, a system error (class 58), a standby, or a lock
    /// that another transaction holds.
    var isTransient: Bool {
        ["08", "40", "53", "57", "58"].contains(code.prefix(2))
            || [.readOnlyTransaction, .lockNotAvailable].contains(self)
    }
}
