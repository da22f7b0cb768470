import Foundation
import TestSupport
import Testing

/// The notifications in step 6 of the agreed scope, on one server and on three.
@Suite struct NotificationCriteria {
    /// Waits until `condition` holds; the limit only catches a hang.
    private func wait(_ condition: () async throws -> Bool) async throws -> Bool {
        let limit = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < limit {
            if try await condition() { return true }
            try await Task.sleep(for: .milliseconds(50))
        }
        return false
    }

    @Test(arguments: [1, 3])
    func `S6.1 each severity reaches its own webhook, and no other`(servers: Int) async throws {
        let targets = (0..<4).map { _ in FakeTarget() }
        try await targets[0].listen { info in
            try await targets[1].listen { warning in
                try await targets[2].listen { critical in
                    try await targets[3].listen { audit in
                        let settings = [
                            "DISCORD_WEBHOOK_URL_INFO": info, "DISCORD_WEBHOOK_URL_WARNING": warning,
                            "DISCORD_WEBHOOK_URL_CRITICAL": critical, "DISCORD_WEBHOOK_URL_AUDIT": audit,
                        ]
                        try await Site.with(servers, settings: settings) { site in
                            for (index, severity) in ["INFO", "WARNING", "CRITICAL", "AUDIT"].enumerated() {
                                let answer = try await site.ask("POST", "/notifications/test?severity=\(severity)")
                                #expect(try answer.json()["notified"] as? Bool == true)
                                for (other, target) in targets.enumerated() {
                                    #expect(target.messages.count == (other <= index ? 1 : 0))
                                }
                                #expect(targets[index].messages.first?.hasPrefix("[\(severity)] ") == true)
                            }
                            #expect(try await site.ask("POST", "/notifications/test?severity=LOUD").status == 422)
                        }
                    }
                }
            }
        }
    }

    @Test(arguments: [1, 3])
    func `S6.2 and S6.3 a loss sends one notification, and another when it recurs, however the webhook behaves`(
        servers: Int
    )
        async throws
    {
        // The first two attempts fail.
        let target = FakeTarget { $0 <= 2 ? .answers(500) : .takes }
        try await target.listen { url in
            try await Site.with(servers, settings: ["DISCORD_WEBHOOK_URL": url]) { site in
                let path = "/alerts/heartbeat-check?stale_after_seconds=60"
                for round in 1...2 {
                    _ = try await site.beat("i\(round)", ago: 300)
                    #expect(try await site.storm(20) { try await site.ask("POST", path).status } == [200: 20])
                    #expect(try await wait { target.messages.count == round })
                    #expect(
                        target.messages.last?.hasPrefix(
                            "[CRITICAL] Heartbeat Lost\nHeartbeat lost for instance i\(round)\n"
                        ) == true
                    )
                    _ = try await site.beat("i\(round)")
                    #expect(try await site.list("/alerts?status=OPEN").isEmpty)
                }
                #expect(try await wait { try await site.list("/notifications?status=SENT").count == 2 })
                #expect(target.attempts == 4)
                let details = try await site.list("/audit/logs?action=HEARTBEAT_LOSS_ALERT").compactMap {
                    ($0["details"] as? [String: Any])?["notified"] as? Bool
                }
                #expect(details == [true, false])
            }
        }
    }

    @Test(arguments: [1, 3])
    func `S6.3 without a webhook the checks succeed and report that no notification was sent`(servers: Int) async throws
    {
        try await Site.with(servers) { site in
            _ = try await site.beat(ago: 300)
            #expect(try await site.ask("POST", "/alerts/heartbeat-check").json()["alerts_created"] as? Int == 1)
            let entry = try await site.list("/audit/logs?action=HEARTBEAT_LOSS_ALERT")[0]
            #expect((entry["details"] as? [String: Any])?["notified"] as? Bool == false)
            #expect(try await site.list("/notifications").isEmpty)
        }
    }
}
