import ContractRuntime
import Generated
import Handlers
import TestSupport
import Testing

@testable import Server

/// Which caller may call which operation.
@Suite struct AuthorizationTests {
    private static let adminToken = SecurityScheme("adminToken", .apiKey(.header, name: "X-Admin-Token"))
    private static let agentToken = SecurityScheme("agentToken", .apiKey(.header, name: "X-Agent-Token"))

    private static func person(_ role: Role) -> Principal { Principal(name: "ann", scopes: Role.scopes([role])) }
    private static let agent = Principal(name: "i1", subject: "i1")

    private static func status(_ caller: Authorization.Caller?, _ route: Route, requiresAgents: Bool = false) -> Int {
        switch Authorization(requiresAgents: requiresAgents).decision(for: caller, on: route) {
        case .allowed: 200
        case .unauthenticated: 401
        case .forbidden: 403
        }
    }

    @Test(arguments: [
        (Role.viewer, [200, 403, 403, 403]),
        (.operator, [200, 200, 403, 403]),
        (.approver, [200, 403, 200, 403]),
        (.admin, [200, 200, 403, 200]),
    ])
    func `a role allows the same operations with a token and in a session`(role: Role, statuses: [Int]) {
        let routes: [Route] = [.listBots, .createCommand, .approveCommand, .listTokens]
        #expect(routes.map { Self.status(.token(Self.person(role), Self.adminToken), $0) } == statuses)
        #expect(routes.map { Self.status(.session(Self.person(role)), $0) } == statuses)
    }

    @Test func `a caller without credentials may call only public operations`() {
        #expect(Self.status(nil, .getHealth) == 200)
        #expect(Self.status(nil, .listBots) == 401)
        #expect(Self.status(nil, .postHeartbeat) == 200)
        #expect(Self.status(nil, .postHeartbeat, requiresAgents: true) == 401)
        #expect(Self.status(nil, .getHealth, requiresAgents: true) == 200)
    }

    @Test func `a token of one kind is not one of the other`() {
        let agent = Self.agent
        #expect(Self.status(.token(agent, Self.agentToken), .postHeartbeat, requiresAgents: true) == 200)
        #expect(Self.status(.token(agent, Self.agentToken), .listBots) == 401)
        #expect(Self.status(.token(agent, Self.adminToken), .listBots) == 403)
        let admin = Self.person(.admin)
        #expect(Self.status(.token(admin, Self.agentToken), .postHeartbeat, requiresAgents: true) == 403)
        #expect(Self.status(.token(admin, Self.adminToken), .postHeartbeat, requiresAgents: true) == 401)
        #expect(Self.status(.session(admin), .postHeartbeat, requiresAgents: true) == 401)
    }

    @Test func `a token is checked where none is required, and a code opens only the enrolment`() {
        let admin = Self.person(.admin)
        #expect(Self.status(.token(Self.agent, Self.agentToken), .postHeartbeat) == 200)
        #expect(Self.status(.token(admin, Self.agentToken), .postHeartbeat) == 403)
        let code = SecurityScheme("enrolmentCode", .apiKey(.header, name: "X-Enrolment-Code"))
        let holder = Principal(name: "enrolment:0b9f6c1e-2a54-4d55-9f0e-6b6f3f2f6d11")
        #expect(Self.status(.token(holder, code), .enrollAgent) == 200)
        let others: [Route] = [.listBots, .createEnrolmentCode, .rotateCredential, .postHeartbeat]
        #expect(others.map { Self.status(.token(holder, code), $0, requiresAgents: true) } == [401, 401, 401, 401])
        #expect(Self.status(.token(admin, Self.adminToken), .enrollAgent) == 401)
        #expect(Self.status(.session(admin), .enrollAgent) == 401)
        #expect(Self.status(.token(Self.agent, Self.agentToken), .rotateCredential) == 200)
        #expect(Self.status(nil, .enrollAgent) == 401)
    }

    @Test func `a page learns which role a user lacks`() {
        let authorization = Authorization(requiresAgents: false)
        #expect(authorization.missingRoles(of: Self.person(.viewer), on: .createCommand) == ["operator"])
        #expect(authorization.missingRoles(of: Self.person(.operator), on: .createCommand) == nil)
        #expect(authorization.missingRoles(of: Self.person(.viewer), on: .getHealth) == nil)
    }

    @Test func `a session calls the operations of its roles under /api, and no public ones`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            let issued = try await server.post(
                "/tokens",
                #"{"name":"eve","roles":["viewer"]}"#,
                token: RunningServer.token
            )
            let eve = try await Browser(server, token: try #require(try issued.json()["token"] as? String))
            #expect(try await eve.get("/api/bots").status == 200)
            let denied = try await eve.get("/api/tokens")
            #expect(denied.status == 403)
            #expect(try denied.json()["detail"] as? String == "the operation needs the role 'admin'")
            #expect(try await eve.get("/api/instances/i1/commands/pending").status == 404)
            #expect(try await eve.get("/api/nothing").status == 404)
            #expect(try await server.web.send("GET", "/api/bots").status == 401)
            #expect(try await server.web.send("GET", "/api/nothing").status == 401)
            #expect(try await server.web.send("GET", "/api/healthz").status == 200)
        }
    }
}
