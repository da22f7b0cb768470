import Foundation
import TestSupport
import Testing

@testable import Server

/// Push subscriptions over HTTP. `test_push.py` decrypts the messages.
@Suite struct PushHTTPTests {
    private static let settings = [
        "PUSH_KEY": "c9f58f89813e9f8e872e71f42aa64e1757c9254dcc62b72ddc010bb4043ea11c",
        "PUSH_SERVICES": "https://push.example.com:8443",
    ]

    private static func body(
        _ endpoint: String = "https://fcm.googleapis.com/fcm/send/one",
        p256dh: String = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
    ) -> String {
        #"{"endpoint":"\#(endpoint)","p256dh":"\#(p256dh)","auth":"BTBZMqHH6r4Tts7J_aSIgg","device":"Firefox on Android"}"#
    }

    private let token = RunningServer.token

    @Test func `without a key web push is off`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            #expect(try await server.get("/push/key", token: token).json()["public_key"] is NSNull)
            let answer = try await server.post("/push/subscriptions", Self.body(), token: token)
            #expect(answer.status == 409)
            #expect(try answer.json()["code"] as? String == "PUSH_OFF")
        }
    }

    @Test func `a subscription belongs to its principal, and does not show its secrets`() async throws {
        try await RunningServer.with(settings: Self.settings) { server in
            try await server.waitUntilReady()
            let key = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
            #expect(try await server.get("/push/key", token: token).json()["public_key"] as? String == key)
            let created = try await server.post("/push/subscriptions", Self.body(), token: token)
            #expect(created.status == 201)
            let id = try #require(try created.json()["subscription_id"] as? String)
            let again = try await server.post("/push/subscriptions", Self.body(), token: token)
            #expect(try again.json()["subscription_id"] as? String == id)
            let list = try await server.get("/push/subscriptions", token: token)
            #expect(
                try #require(list.json()["items"] as? [[String: Any]]).map { $0["service"] as? String } == [
                    "fcm.googleapis.com"
                ]
            )
            #expect(!list.body.contains("BTBZMqHH6r4Tts7J_aSIgg") && !list.body.contains("/fcm/send"))

            let issued = try await server.post("/tokens", #"{"name":"bob","roles":["viewer"]}"#, token: token).json()
            let bob = try #require(issued["token"] as? String)
            #expect(try await server.get("/push/subscriptions", token: bob).json()["items"] as? [String] == [])
            #expect(
                try await server.api.send("DELETE", "/push/subscriptions/\(id)", headers: ["X-Admin-Token": bob]).status
                    == 404
            )
            #expect(
                try await server.api.send("DELETE", "/push/subscriptions/\(id)", headers: ["X-Admin-Token": token])
                    .status == 204
            )
            let actions = try await server.get("/audit/logs?target_id=\(id)").body
            #expect(actions.contains("PUSH_SUBSCRIBE") && actions.contains("PUSH_UNSUBSCRIBE"))
        }
    }

    @Test func `a subscription stays until the last token of its principal is revoked`() async throws {
        try await RunningServer.with(settings: Self.settings) { server in
            try await server.waitUntilReady()
            let old = try await server.post("/tokens", #"{"name":"bob","roles":["viewer"]}"#, token: token).json()
            let oldID = try #require(old["token_id"] as? String)
            let new = try await server.post("/tokens/\(oldID)/rotate", "{}", token: token).json()
            let (newID, secret) = (try #require(new["token_id"] as? String), try #require(new["token"] as? String))
            #expect(try await server.post("/push/subscriptions", Self.body(), token: secret).status == 201)
            func revoke(_ id: String) async throws {
                let answer = try await server.api.send("DELETE", "/tokens/\(id)", headers: ["X-Admin-Token": token])
                #expect(answer.status == 204)
            }
            try await revoke(oldID)
            let list = try await server.get("/push/subscriptions", token: secret).json()
            #expect((list["items"] as? [Any])?.count == 1)
            try await revoke(newID)
            let issued = try await server.post("/tokens", #"{"name":"bob","roles":["viewer"]}"#, token: token).json()
            let bob = try #require(issued["token"] as? String)
            #expect(try await server.get("/push/subscriptions", token: bob).json()["items"] as? [String] == [])
        }
    }

    @Test func `a principal has at most 20 subscriptions`() async throws {
        try await RunningServer.with(settings: Self.settings) { server in
            try await server.waitUntilReady()
            for number in 0..<20 {
                let body = Self.body("https://web.push.apple.com/\(number)")
                #expect(try await server.post("/push/subscriptions", body, token: token).status == 201)
            }
            let answer = try await server.post("/push/subscriptions", Self.body(), token: token)
            #expect(answer.status == 409)
            #expect(try answer.json()["code"] as? String == "TOO_MANY_PUSH_SUBSCRIPTIONS")
        }
    }

    @Test func `only push services are called`() async throws {
        let endpoints = [
            ("https://fcm.googleapis.com/fcm/send/x", 201),
            ("https://updates.push.services.mozilla.com/wpush/v2/x", 201),
            ("https://web.push.apple.com/x", 201), ("https://wns2-by3p.notify.windows.com/w/?token=x", 201),
            ("https://push.example.com:8443/x", 201), ("https://push.example.com/x", 422),
            ("http://fcm.googleapis.com/x", 422), ("https://fcm.googleapis.com:444/x", 422),
            ("https://fcm.googleapis.com@127.0.0.1/x", 422), ("https://fcm.googleapis.com", 422),
            ("https://evilpush.apple.com.example.com/x", 422), ("https://evilnotify.windows.com/x", 422),
            ("http://169.254.169.254/latest/meta-data", 422), ("http://[::1]:8000/x", 422),
            ("http://localhost:8000/x", 422), ("file:///etc/passwd", 422),
        ]
        try await RunningServer.with(settings: Self.settings) { server in
            try await server.waitUntilReady()
            for (endpoint, status) in endpoints {
                let answer = try await server.post("/push/subscriptions", Self.body(endpoint), token: token)
                #expect(answer.status == status, "\(endpoint): \(answer.body)")
            }
        }
    }

    @Test func `a key that is not a point of the curve is rejected`() async throws {
        let keys = [
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw8", "BCVx",
            String(repeating: "A", count: 87), String(repeating: "+", count: 87),
        ]
        try await RunningServer.with(settings: Self.settings) { server in
            try await server.waitUntilReady()
            for key in keys {
                let answer = try await server.post("/push/subscriptions", Self.body(p256dh: key), token: token)
                #expect(answer.status == 422, "\(key): \(answer.body)")
            }
        }
    }
}
