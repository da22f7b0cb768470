public import ContractRuntime
public import Generated
import Mustache

/// The pages of the web listener. Whatever they show or do is an operation of the contract, called in process with the roles of whoever is
/// logged in.
public struct Dashboard<API: Operations>: Sendable {
    let api: API
    /// What the deployment is called, such as `PROD`.
    let environment: String
    /// What everybody has to know on every page.
    let warnings: @Sendable () -> [String]
    /// Whether the API responds, which may run in another process.
    public let availability: @Sendable () -> APIAvailability
    /// Confirms that the field `token` of a form is the token of the session's principal. Approvers prove again who they are.
    let confirm: @Sendable (_ request: WebRequest, _ route: Route) async throws(Problem) -> Void
    let verifier = AuditVerifier()

    /// The pages over `api`.
    public init(
        api: API,
        environment: String,
        warnings: @escaping @Sendable () -> [String],
        availability: @escaping @Sendable () -> APIAvailability = { .available },
        confirm: @escaping @Sendable (_ request: WebRequest, _ route: Route) async throws(Problem) -> Void
    ) {
        self.api = api
        self.environment = environment
        self.warnings = warnings
        self.availability = availability
        self.confirm = confirm
    }

    /// Answers a request of somebody who is logged in.
    public func respond(to request: WebRequest) async -> WebResponse {
        do throws(Problem) {
            if request.method == "POST" { return .redirect(to: try await act(request)) }
            let page = try await page(request)
            return .page(status: 200, html: await html(page, for: request))
        } catch {
            let again = request.path == ["commands"] ? await confirmation(after: error, request) : nil
            let page = again ?? Self.page(of: error)
            return .page(status: error.status, html: await html(page, for: request, isFailure: true))
        }
    }

    // MARK: - Where a path leads

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
        case ("commands", 1): return try await commands(request)
        case ("commands", 2) where path[1] == "new": return try await newCommand(request)
        case ("commands", 2): return try await command(path[1], request)
        case ("command-bulks", 2): return try await bulk(path[1], request)
        case ("approvals", 1): return try await approvals(request)
        case ("alerts", 1): return try await alerts(request)
        case ("alerts", 2): return try await alert(path[1], request)
        case ("portfolio", 1): return try await portfolio(request)
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

    /// Does what a form asks for; the page that shows what became of it.
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
        case ("notifications", 3) where path[2] == "replay": return try await replay(path[1], request)
        case ("instances", 3) where path[2] == "retire": return try await retire(path[1], request)
        case ("retired-instances", 3) where path[2] == "delete": return try await delete(path[1], request)
        case ("audit", 2) where path[1] == "verify": return try await verifyAudit(request)
        case ("tokens", 3): return try await changeToken(path[1], path[2], request)
        default: throw .noPage
        }
    }

    // MARK: - How operations are called

    /// A request to an operation, as it would come over the wire: its roles are checked here, and the generated input reads and validates
    /// the rest.
    func apiRequest(
        _ route: Route,
        _ request: WebRequest,
        path: [String] = [],
        query: Fields = .none,
        key: String? = nil,
        body: JSONObject? = nil
    ) throws(Problem) -> Request {
        let isAllowed = route.security.contains { requirements in
            requirements.allSatisfy { request.principal.scopes.isSuperset(of: $0.scopes) }
        }
        if !route.security.isEmpty, !isAllowed {
            let roles = route.security.flatMap { $0.flatMap(\.scopes) }.joined(separator: " or ")
            throw Problem(status: 403, code: "FORBIDDEN", detail: "this needs the role \(roles)")
        }
        return Request(
            pathParameters: path.map { Fields.encoded($0) },
            query: query.text,
            headers: key.map { [("Idempotency-Key", $0)] } ?? [],
            body: body?.bytes ?? [],
            principal: request.principal
        )
    }

    // MARK: - The frame

    private func html(_ page: PageView, for request: WebRequest, isFailure: Bool = false) async -> String {
        // What the page has read already need not be read again; nil while it cannot be read.
        var fleet = page.fleet
        if fleet == nil { fleet = try? await fleetFigures(request) }
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

    /// What went wrong, as a page of its own. There are no figures on it, so nobody takes nothing for zero.
    private static func page(of problem: Problem) -> PageView {
        let title =
            switch problem.status {
            case 403: "Not allowed"
            case 404: "Nothing here"
            case 503: "The database is away"
            default: "That did not work"
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
    static let noPage = Problem(status: 404, code: "NOT_FOUND", detail: "There is no such page.")
}

/// What was done, said on the page that follows. Only these texts are ever shown.
enum FlashMessage: String {
    case acknowledged, allAcknowledged, resolved, silenced, approved, denied, canceled, saved, deleted, started,
        checked,
        revoked, tested,
        replayed, retired, deleting, verified

    static func text(_ name: String?) -> String? {
        name.flatMap(FlashMessage.init(rawValue:)).map(\.text)
    }

    private var text: String {
        switch self {
        case .acknowledged: "The alert is acknowledged."
        case .allAcknowledged: "The alerts are acknowledged."
        case .resolved: "The alert is resolved."
        case .silenced: "The alert is silenced."
        case .approved: "The command is approved."
        case .denied: "The command is denied."
        case .canceled: "It is canceled."
        case .saved: "It is saved."
        case .deleted: "It is deleted."
        case .started: "The run is queued."
        case .checked: "It was looked for; what is stuck is an alert."
        case .revoked: "The token is revoked."
        case .tested: "The test is on its way; its deliveries are listed below."
        case .replayed: "It is on its way again."
        case .retired: "The instance is retired."
        case .deleting: "The instance is being deleted."
        case .verified: "The audit log is verified."
        }
    }
}
