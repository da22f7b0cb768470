internal import CPostgres
import ContractRuntime

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// One connection to the server, in libpq's pipeline mode (libpq manual, 34.5 "Pipeline Mode").
///
/// libpq allows one thread at a time; the pool's thread owns it.
final class Connection {
    private let handle: OpaquePointer
    /// The names of prepared statements on the server, by id. A name is never reused for another preparation.
    // traps: the ids are those of our own statements, in ASCII.
    private var names: [String: String] = [:]
    /// Statements whose preparation was sent and not yet answered.
    // traps: the ids are those of our own statements, in ASCII.
    private var unconfirmed: Set<String> = []
    private var preparations = 0
    /// The number of sent statements whose answers are read later: the BEGIN of a transaction.
    private var unread = 0

    /// Connects. Blocks for at most three seconds unless the URL sets `connect_timeout`.
    ///
    /// - Parameter settings: Settings of the session, in addition to those of every session.
    init(_ url: String, settings: [String: String] = [:]) throws(PostgresError) {
        // The URL overrides the options before it (libpq manual, 34.1, "expand_dbname").
        let options: KeyValuePairs = [
            "connect_timeout": "3", "application_name": "flotilla",
            // A host that vanishes sends nothing more. These settings detect that, in seconds and milliseconds.
            "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "3", "tcp_user_timeout": "15000",
            "dbname": url,
        ]
        guard let handle = Self.connect(options.map(\.key), options.map(\.value)) else {
            throw PostgresError(.unavailable, "libpq cannot allocate a connection")
        }
        self.handle = handle
        // JIT compilation of a statement takes longer than any of ours runs (manual, chapter 32, "Just-in-Time Compilation"). PgBouncer
        // rejects connection options, so this is set after connecting.
        if PQstatus(handle) == CONNECTION_OK {
            for settings in [Self.settings, Self.socketSettings] { PQclear(PQexec(handle, settings)) }
            if !settings.isEmpty { try set(settings) }
        }
        guard PQstatus(handle) == CONNECTION_OK, PQsetnonblocking(handle, 1) == 0, PQenterPipelineMode(handle) == 1
        else {
            throw PostgresError(.unavailable, Self.message(of: handle))
        }
        // Notices add nothing to errors, and libpq would print them on standard error.
        PQsetNoticeProcessor(handle, { _, _ in }, nil)
    }

    deinit { PQfinish(handle) }

    /// A process that hangs in a transaction must not keep its locks, because other servers wait for them. Acknowledged data must be on
    /// disk, even if the database or the role is configured otherwise.
    private static let settings = """
        SET jit = off;
        SET idle_in_transaction_session_timeout = '10s';
        SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
        """

    /// A process whose host has vanished must not keep its locks either. If the system lacks one of these settings, PostgreSQL rejects all
    /// of them (manual, 20.3.2 "TCP Settings").
    private static let socketSettings = """
        SET tcp_keepalives_idle = '10s';
        SET tcp_keepalives_interval = '5s';
        SET tcp_keepalives_count = 3;
        SET tcp_user_timeout = '15s';
        SET client_connection_check_interval = '5s';
        """

    private func set(_ settings: [String: String]) throws(PostgresError) {
        let object = JSONObject { json in json.members(settings) }
        let result = object.description.withCString { text in
            let sql = "SELECT set_config(key, value, false) FROM jsonb_each_text($1::jsonb)"
            return PQexecParams(handle, sql, 1, nil, [text], nil, nil, 0)
        }
        defer { PQclear(result) }
        try check(result)
    }

    private static func connect(_ keywords: [String], _ values: [String]) -> OpaquePointer? {
        let pointers = (keywords + values).map { strdup($0) }
        defer { pointers.forEach { free($0) } }
        let names = pointers.prefix(keywords.count).map { UnsafePointer<CChar>($0) } + [nil]
        let texts = pointers.suffix(values.count).map { UnsafePointer<CChar>($0) } + [nil]
        return PQconnectdbParams(names, texts, 1)
    }

    /// Whether the server closed the connection while it was idle.
    var isStale: Bool {
        var descriptor = pollfd(fd: PQsocket(handle), events: Int16(truncatingIfNeeded: POLLIN), revents: 0)
        // An idle connection is readable only at its end, which may arrive in several pieces.
        return poll(&descriptor, 1, 0) > 0
    }

    // MARK: - Statements

    /// Sends one statement, prepared on its first use, followed by a sync, so that its failure affects no other.
    func send(_ statement: Statement, _ parameters: Parameters) throws(PostgresError) {
        let isSent = parameters.withPointers { values, lengths, formats in
            guard let name = names[statement.id] ?? prepare(statement) else { return false }
            return PQsendQueryPrepared(handle, name, Int32(clamping: values.count), values, lengths, formats, 1) == 1
        }
        guard isSent, PQpipelineSync(handle) == 1 else {
            throw PostgresError(.connectionLost, statement: statement.name, Self.message(of: handle))
        }
    }

    /// Sends a preparation. Returns nil if libpq rejects it.
    private func prepare(_ statement: Statement) -> String? {
        preparations += 1
        let name = "\(statement.id)_\(preparations)"
        let types = statement.parameterTypes.map(\.oid)
        guard PQsendPrepare(handle, name, statement.sql, Int32(clamping: types.count), types) == 1 else { return nil }
        names[statement.id] = name
        unconfirmed.insert(statement.id)
        return name
    }

    /// Sends a statement whose result is read with the next one's. An error is thrown then.
    func sendUnread(_ statement: Statement) throws(PostgresError) {
        try send(statement, Parameters())
        unread += 1
    }

    /// Receives the result of the oldest sent statement.
    func receive(_ statement: Statement, by deadline: ContinuousClock.Instant) throws(PostgresError) -> Rows {
        while unread > 0 {
            unread -= 1
            _ = try receiveNext(statement, by: deadline)
        }
        return try receiveNext(statement, by: deadline)
    }

    private func receiveNext(
        _ statement: Statement,
        by deadline: ContinuousClock.Instant
    ) throws(PostgresError) -> Rows {
        var answer: OpaquePointer?
        var failure: PostgresError?
        while true {
            try wait(for: statement, by: deadline, discarding: answer)
            // A null result separates the results of a prepare and its query.
            guard let result = PQgetResult(handle) else { continue }
            switch PQresultStatus(result) {
            case PGRES_PIPELINE_SYNC:
                PQclear(result)
                let isPreparation = unconfirmed.remove(statement.id) != nil
                if let failure {
                    // If nothing succeeded before, the preparation itself failed.
                    if failure.isStaleStatement || (isPreparation && answer == nil) { names[statement.id] = nil }
                    PQclear(answer)
                    throw failure
                }
                guard let answer else {
                    throw PostgresError(.decoding, statement: statement.name, "no answer before the sync")
                }
                return Rows(owning: answer, statement: statement.name)
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK:
                PQclear(answer)
                answer = result
            case PGRES_PIPELINE_ABORTED: PQclear(result)
            default:
                // Only the first error is the cause; the rest of the pipeline up to the sync is aborted.
                failure = failure ?? Self.error(result, statement)
                PQclear(result)
            }
        }
    }

    /// Waits until a result can be read without blocking.
    private func wait(
        for statement: Statement,
        by deadline: ContinuousClock.Instant,
        discarding answer: OpaquePointer?
    ) throws(PostgresError) {
        while true {
            guard PQstatus(handle) == CONNECTION_OK else {
                PQclear(answer)
                throw PostgresError(.connectionLost, statement: statement.name, Self.message(of: handle))
            }
            let isFlushed = PQflush(handle) == 0
            if isFlushed, PQisBusy(handle) == 0 { return }
            var descriptor = pollfd(
                fd: PQsocket(handle),
                events: Int16(truncatingIfNeeded: isFlushed ? POLLIN : POLLIN | POLLOUT),
                revents: 0
            )
            let remaining = ContinuousClock.now.duration(to: deadline)
            guard remaining > .zero, poll(&descriptor, 1, remaining.wholeMilliseconds) >= 0 || errno == EINTR else {
                PQclear(answer)
                throw PostgresError(.timeout, statement: statement.name, "no answer within the deadline")
            }
            // A failure is visible in the status.
            _ = PQconsumeInput(handle)
        }
    }

    /// Runs one query and reads its rows.
    func run<Result>(_ query: Query<Result>, by deadline: ContinuousClock.Instant) throws(PostgresError) -> Result {
        var parameters = Parameters()
        query.bind(&parameters)
        try send(query.statement, parameters)
        return try query.read(receive(query.statement, by: deadline))
    }

    /// Runs several statements as plain text and blocks until they are done.
    func executeScript(_ sql: String) throws(PostgresError) {
        try outsideOfPipeline { () throws(PostgresError) in
            let result = PQexec(handle, sql)
            defer { PQclear(result) }
            try check(result)
        }
    }

    /// Describes the parameters and the columns of a statement, by type numbers; declares `types` unless they are empty.
    func describe(
        _ sql: String,
        types: [UInt32]
    ) throws(PostgresError) -> (parameters: [UInt32], columns: [(String, UInt32)]) {
        try outsideOfPipeline { () throws(PostgresError) in
            let preparation = PQprepare(handle, "", sql, Int32(clamping: types.count), types)
            defer { PQclear(preparation) }
            try check(preparation)
            let result = PQdescribePrepared(handle, "")
            defer { PQclear(result) }
            let parameters = (0..<PQnparams(result)).map { PQparamtype(result, $0) }
            let columns = (0..<PQnfields(result)).map { (String(cString: PQfname(result, $0)), PQftype(result, $0)) }
            return (parameters, columns)
        }
    }

    /// libpq rejects blocking calls in pipeline mode.
    private func outsideOfPipeline<Result>(
        _ body: () throws(PostgresError) -> Result
    ) throws(PostgresError) -> Result {
        guard PQexitPipelineMode(handle) == 1, PQsetnonblocking(handle, 0) == 0 else {
            throw PostgresError(.connectionLost, Self.message(of: handle))
        }
        defer {
            _ = PQsetnonblocking(handle, 1)
            _ = PQenterPipelineMode(handle)
        }
        return try body()
    }

    private func check(_ result: OpaquePointer?) throws(PostgresError) {
        let status = PQresultStatus(result)
        guard status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK else {
            throw PostgresError(.statement, state: Self.state(of: result), Self.message(of: handle))
        }
    }

    /// The payloads of received notifications; waits at most the given milliseconds for the first.
    func notifications(within milliseconds: Int32) throws(PostgresError) -> [String] {
        var descriptor = pollfd(fd: PQsocket(handle), events: Int16(truncatingIfNeeded: POLLIN), revents: 0)
        if poll(&descriptor, 1, milliseconds) > 0 { _ = PQconsumeInput(handle) }
        guard PQstatus(handle) == CONNECTION_OK else {
            throw PostgresError(.connectionLost, Self.message(of: handle))
        }
        var payloads: [String] = []
        while let note = PQnotifies(handle) {
            payloads.append(String(cString: note.pointee.extra))
            PQfreemem(note)
        }
        return payloads
    }

    /// Lends a new connection, on a new thread, to work that blocks.
    static func withOwn<Result: Sendable>(
        at url: String,
        _ body: @escaping @Sendable (Connection) throws(PostgresError) -> Result
    ) async throws(PostgresError) -> Result {
        let result = await withCheckedContinuation { continuation in
            Thread.start {
                continuation.resume(returning: Swift.Result { () throws(PostgresError) in try body(Connection(url)) })
            }
        }
        return try result.get()
    }

    /// Runs a script on a new connection.
    static func runScript(_ sql: String, at url: String) async throws(PostgresError) {
        try await withOwn(at: url) { (connection) throws(PostgresError) in try connection.executeScript(sql) }
    }

    /// Asks the server to cancel the current statement, on a separate thread because the request can block.
    func cancel() {
        guard let request = PQgetCancel(handle) else { return }
        let address = UInt(bitPattern: request)
        Thread.start {
            guard let request = OpaquePointer(bitPattern: address) else { return }
            var message = [CChar](repeating: 0, count: 256)
            _ = PQcancel(request, &message, Int32(clamping: message.count))
            PQfreeCancel(request)
        }
    }

    // MARK: - Errors

    private static func error(_ result: OpaquePointer, _ statement: Statement) -> PostgresError {
        let text = PQresultErrorMessage(result).map { String(cString: $0) } ?? ""
        return PostgresError(.statement, state: state(of: result), statement: statement.name, text)
    }

    private static func state(of result: OpaquePointer?) -> SQLState? {
        PQresultErrorField(result, Int32(truncatingIfNeeded: UInt8(ascii: "C"))).map { SQLState(String(cString: $0)) }
    }

    private static func message(of handle: OpaquePointer) -> String {
        String(cString: PQerrorMessage(handle))
    }
}

extension Duration {
    /// Rounded up, for `poll(2)` and settings of the server.
    var wholeMilliseconds: Int32 {
        let milliseconds = components.attoseconds / 1_000_000_000_000_000 + 1
        return Int32(clamping: components.seconds.multipliedSaturated(by: 1_000).addingSaturated(milliseconds))
    }
}
