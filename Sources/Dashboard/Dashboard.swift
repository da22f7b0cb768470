public import ContractRuntime
public import Generated
import Mustache

/// The pages of the web listener. Everything they show or do is an operation of the contract, called in process with the roles of the
/// signed-in principal.
public struct Dashboard<API: Operations>: Sendable {
    let api: API
    /// The name of the deployment, such as `PROD`.
    let environment: String
    /// The warnings to show on every page.
    let warnings: @Sendable () -> [String]
    /// Whether the API, which may run in another process, responds.
    public let availability: @Sendable () -> APIAvailability
    /// The roles of which a principal needs one to call an operation; nil if it may call it.
    let missingRoles: @Sendable (_ principal: Principal, _ route: Route) -> [String]?
    /// Records that a principal lacks the roles for an operation.
    let denied: @Sendable (_ request: WebRequest, _ route: Route) -> Void
    /// Checks that the user has authenticated for an operation: recently, or with the form field `token`.
    let confirm: @Sendable (_ request: WebRequest, _ route: Route) async throws(Problem) -> Void
    let verifier = AuditVerifier()

    /// Creates the pages over `api`.
    public init(
        api: API,
        environment: String,
        warnings: @escaping @Sendable () -> [String],
        availability: @escaping @Sendable () -> APIAvailability = { .available },
        missingRoles: @escaping @Sendable (_ principal: Principal, _ route: Route) -> [String]?,
        denied: @escaping @Sendable (_ request: WebRequest, _ route: Route) -> Void = { _, _ in },
        confirm: @escaping @Sendable (_ request: WebRequest, _ route: Route) async throws(Problem) -> Void
    ) {
        self.api = api
        self.environment = environment
        self.warnings = warnings
        self.availability = availability
        self.missingRoles = missingRoles
        self.denied = denied
        self.confirm = confirm
    }

    /// Responds to a request with a valid session.
    public func respond(to request: WebRequest) async -> WebResponse {
        do throws(Problem) {
            if request.method == "POST", request.path == ["settings"] {
                let page = try await createEnrolmentCode(request)
                return .page(status: 200, html: await html(page, for: request))
            }
            if request.method == "POST" { return .redirect(to: try await act(request)) }
            if let view = try await defaultView(request) { return .redirect(to: view) }
            let page = try await page(request)
            return .page(status: 200, html: await html(page, for: request))
        } catch {
            let retry = request.path == ["commands"] ? await confirmation(after: error, request) : nil
            let page = retry ?? Self.page(of: error)
            return .page(status: error.status, html: await html(page, for: request, isFailure: true))
        }
    }

    // MARK: - Routing

    private func page(_ request: WebRequest) async throws(Problem) -> PageView {
        let path = request.path
        switch (path.first, path.count) {
        case ("dashboard", 1): return try await overview(request)
        case ("bots", 1): return try await bots(request)
        case ("retired-instances", 1): return try await retiredInstances(request)
        case ("retired-instances", 2): return try await retiredInstance(path[1], request)
        case ("instances", 3) where path[2] == "retire": return try await retirement(path[1], request)
        case ("bots", 2): return try await bot(path[1], nil, request)
        case ("bots", 3): return try await bot(path[1], path[2], request)
        case ("compare", 1): return try await comparison(request)
        case ("commands", 1): return try await commands(request)
        case ("commands", 2) where path[1] == "new": return try await newCommand(request)
        case ("commands", 2): return try await command(path[1], request)
        case ("command-bulks", 2): return try await bulk(path[1], request)
        case ("approvals", 1): return try await approvals(request)
        case ("alerts", 1): return try await alerts(request)
        case ("alerts", 2): return try await alert(path[1], request)
        case ("portfolio", 1): return try await portfolio(request)
        case ("trades", 1): return try await trades(request)
        case ("analytics", 1): return try await analytics(request)
        case ("reconciliation", 1): return try await reconciliation(request)
        case ("admin", 2) where path[1] == "modules": return try await modules(request)
        case ("admin", 3) where path[1] == "modules": return try await module(path[2], request)
        case ("module-runs", 2): return try await run(path[1], request)
        case ("audit", 1): return try await audit(request)
        case ("markets", 1): return try await markets(request)
        case ("datasets", 1): return try await datasets(request)
        case ("settings", 1): return try await settings(request)
        case ("system", 1): return try await system(request)
        case ("killswitch", 1): return try await killSwitch(request)
        default: throw .noPage
        }
    }

    /// Performs the action of a form and returns the path of the page that shows the result.
    private func act(_ request: WebRequest) async throws(Problem) -> String {
        let path = request.path
        switch (path.first, path.count) {
        case ("commands", 1): return try await sendCommands(request)
        case ("commands", 3): return try await decide(path[1], path[2], request)
        case ("alerts", 1): return try await acknowledgeAlerts(request)
        case ("alerts", 3): return try await updateAlert(path[1], path[2], request)
        case ("admin", 2) where path[1] == "modules": return try await saveModule(request)
        case ("admin", 4) where path[1] == "modules": return try await changeModule(path[2], path[3], request)
        case ("module-runs", 2) where path[1] == "check": return try await checkStuckRuns(request)
        case ("module-runs", 3) where path[2] == "cancel": return try await cancelRun(path[1], request)
        case ("notifications", 2) where path[1] == "test": return try await testNotification(request)
        case ("push-subscriptions", 1): return try await subscribe(request)
        case ("push-subscriptions", 3) where path[2] == "delete": return try await unsubscribe(path[1], request)
        case ("notifications", 3) where path[2] == "replay": return try await replay(path[1], request)
        case ("instances", 3) where path[2] == "retire": return try await retire(path[1], request)
        case ("retired-instances", 3) where path[2] == "delete": return try await delete(path[1], request)
        case ("audit", 2) where path[1] == "verify": return try await verifyAudit(request)
        case ("views", 1): return try await saveView(request)
        case ("views", 2): return try await changeView(path[1], request)
        case ("tables", 2): return try await arrangeColumns(path[1], request)
        case ("enrolment-codes", 3): return try await changeEnrolmentCode(path[1], path[2], request)
        case ("sessions", 3): return try await changeSession(path[1], path[2], request)
        case ("tokens", 3): return try await changeToken(path[1], path[2], request)
        default: throw .noPage
        }
    }

    // MARK: - Calling operations

    /// The input of an operation, with the principal of the session. The operation's result is the `body` of its output.
    ///
    /// The roles are checked here. The parameters are texts, as in a request of an HTTP client, because most come from the page's own query
    /// or form. The generated input reads and validates them.
    func input<Input: RoutedInput>(
        _ request: WebRequest,
        _ query: Fields = .none,
        path: [String] = [],
        key: String? = nil,
        body: JSONObject? = nil
    ) throws(Problem) -> Input {
        if let roles = missingRoles(request.principal, Input.route) {
            denied(request, Input.route)
            let names = roles.joined(separator: " or ")
            throw Problem(status: 403, code: "FORBIDDEN", detail: "This action requires the role \(names).")
        }
        return try Input(
            Request(
                pathParameters: path.map { PercentEncoding.encode($0) },
                query: query.text,
                headers: key.map { ["Idempotency-Key": $0] } ?? [:],
                body: body?.bytes ?? [],
                principal: request.principal
            )
        )
    }

    /// The result of a read that runs concurrently with others of its page.
    func result<Value: Sendable>(
        of read: () async throws(Problem) -> Value
    ) async -> Result<Value, Problem> {
        do throws(Problem) { return .success(try await read()) } catch { return .failure(error) }
    }

    /// Whether the session's roles permit an operation. Pages do not offer what would be denied.
    func permits<Input: RoutedInput>(_ input: Input.Type, _ request: WebRequest) -> Bool {
        missingRoles(request.principal, Input.route) == nil
    }

    // MARK: - Layout

    private func html(_ page: PageView, for request: WebRequest, isFailure: Bool = false) async -> String {
        // Pages that have read the fleet pass it on. It stays nil while the database is unavailable.
        var fleet = page.fleet
        if fleet == nil { fleet = try? await api.getFleet(input(request)).body }
        var banners = warnings().map { Shell.Banner(text: $0, look: "", role: "note") }
        if let text = FlashMessage.text(request.query["done"]), !isFailure {
            banners.append(Shell.Banner(text: text, look: "good", role: "status"))
        }
        let shell = Shell(
            page,
            of: request,
            environment: environment,
            fleet: fleet,
            availability: availability(),
            banners: banners
        )
        return Templates.library.render(shell, withTemplate: "layout") ?? ""
    }

    /// The error page. It has no figures, so that missing data is not read as zero.
    private static func page(of problem: Problem) -> PageView {
        let title =
            switch problem.status {
            case 403: "Access denied"
            case 404: "Not found"
            case 503: "Database unavailable"
            default: "Request failed"
            }
        var facts = problem.errors.map { Block.Fact($0.pointer, .text($0.message)) }
        facts.append(Block.Fact("Code", .text(problem.code)))
        return PageView(
            title: title,
            blocks: [
                Block("problem", shape: "banner bad", .text(problem.detail)),
                Block("details", "Details", .facts(facts)),
            ]
        )
    }
}

extension Problem {
    static let noPage = Problem(status: 404, code: "NOT_FOUND", detail: "This page does not exist.")
}

/// The message that a page shows after a form was processed. The query names it, so it must be one of these texts.
enum FlashMessage: String {
    case acknowledged, allAcknowledged, resolved, silenced, approved, denied, canceled, saved, deleted, started,
        checked, revoked, tested, replayed, retired, deleting, verified, subscribed, unsubscribed, viewSaved,
        viewDeleted, columnsSaved, columnsReset, sessionEnded, codeRevoked

    static func text(_ name: String?) -> String? {
        name.flatMap(FlashMessage.init(rawValue:)).map(\.text)
    }

    private var text: String {
        switch self {
        case .acknowledged: "Alert acknowledged"
        case .allAcknowledged: "Alerts acknowledged"
        case .resolved: "Alert resolved"
        case .silenced: "Alert silenced"
        case .approved: "Command approved"
        case .denied: "Command denied"
        case .canceled: "Canceled"
        case .saved: "Module saved"
        case .deleted: "Module deleted"
        case .started: "Run queued"
        case .checked: "Check finished; each stuck run raised an alert"
        case .revoked: "Token revoked"
        case .tested: "Test notification queued; its deliveries are listed below"
        case .replayed: "Notification queued again"
        case .retired: "Instance retired"
        case .deleting: "Instance is being deleted"
        case .verified: "Audit log verification started"
        case .subscribed: "Browser subscribed to CRITICAL notifications"
        case .unsubscribed: "Browser removed"
        case .viewSaved: "View saved"
        case .viewDeleted: "View deleted"
        case .columnsSaved: "Columns saved"
        case .sessionEnded: "Session ended"
        case .columnsReset: "Standard columns restored"
        case .codeRevoked: "Enrolment code revoked"
        }
    }
}
