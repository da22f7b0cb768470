import ContractRuntime
import Generated
import Testing

@testable import Dashboard

@Suite struct ConfirmationLevelTests {
    private func level(
        _ type: CommandType,
        live: Int = 0,
        paper: Int = 0,
        isHighRisk: Bool = false,
        isKillSwitch: Bool = false
    ) -> ConfirmationLevel {
        let modes = Array(repeating: RuntimeMode.live, count: live) + Array(repeating: .paper, count: paper)
        let instances = modes.enumerated().map { number, mode in
            BulkCommand(
                instanceID: "i\(number)",
                runtimeMode: mode,
                commandID: nil,
                status: nil,
                isHighRisk: isHighRisk && number == 0
            )
        }
        return ConfirmationLevel(type, on: instances, isKillSwitch: isKillSwitch)
    }

    @Test(arguments: [
        (CommandType.syncBalance, ConfirmationLevel.none, ConfirmationLevel.none), (.start, .confirmed, .confirmed),
        (.restart, .confirmed, .confirmed), (.reduceOnly, .confirmed, .reasoned),
        (.safeMode, .confirmed, .reasoned), (.stop, .reasoned, .reasoned),
        (.cancelAll, .reasoned, .reasoned), (.flatten, .reasoned, .reasoned),
    ])
    func `a command's confirmation grows with its effect`(
        type: CommandType,
        paper: ConfirmationLevel,
        live: ConfirmationLevel
    ) {
        #expect(level(type, paper: 1) == paper)
        #expect(level(type, live: 1) == live)
    }

    @Test(arguments: [CommandType.flatten, .start, .setMode])
    func `a command that the server calls high-risk on any instance needs a phrase`(type: CommandType) {
        #expect(level(type, paper: 1, isHighRisk: true) == .typed)
        #expect(level(type, live: 1, paper: 3, isHighRisk: true) == .typed)
        #expect(level(.setMode, live: 1) == .confirmed)
    }

    @Test func `many instances need more, and the kill switch always needs a phrase`() {
        #expect(level(.syncBalance, paper: 10) == .none)
        #expect(level(.syncBalance, paper: 11) == .reasoned)
        #expect(level(.stop, paper: 11) == .reasoned)
        #expect(level(.stop, live: 1, paper: 1) == .typed)
        #expect(level(.start, live: 2) == .confirmed)
        #expect(level(.start, paper: 1, isKillSwitch: true) == .typed)
    }
}

@Suite struct ConfirmationFormTests {
    private func detail(_ check: () throws(Problem) -> Void) -> String? {
        do throws(Problem) {
            try check()
            return nil
        } catch {
            return "\(error.status) \(error.code): \(error.detail)"
        }
    }

    @Test func `a reason has at least eight characters`() throws {
        #expect(try Confirmation.reason(in: ["reason": "12345678"]) == "12345678")
        let problem = "400 CONFIRMATION_REQUIRED: Enter a reason of at least 8 characters."
        for form: Fields in [["reason": "1234567"], ["reason": ""], [:]] {
            #expect(detail { () throws(Problem) in _ = try Confirmation.reason(in: form) } == problem)
        }
    }

    @Test func `a time to live is one of those offered`() throws {
        #expect(try Confirmation.lifetime(in: ["ttl": "900"]) == 900)
        for form: Fields in [["ttl": "901"], ["ttl": "x"], [:]] {
            let found = detail { () throws(Problem) in _ = try Confirmation.lifetime(in: form) }
            #expect(found == "400 CONFIRMATION_REQUIRED: Select a time to live.")
        }
        let options = Confirmation.lifetimeField(selected: nil).options
        #expect(options.map(\.text) == ["1 min", "5 min", "15 min", "60 min"])
        #expect(options.map(\.isSelected) == [false, true, false, false])
    }

    @Test func `a phrase must be typed exactly`() throws {
        try Confirmation.checkPhrase("STOP é", in: ["phrase": "STOP é"], outcome: "")
        for typed in ["stop é", "STOP e\u{301}", "STOP é ", ""] {
            let found = detail { () throws(Problem) in
                try Confirmation.checkPhrase("STOP é", in: ["phrase": typed], outcome: "Nothing was sent.")
            }
            #expect(found == "400 CONFIRMATION_REQUIRED: The phrase must be “STOP é”. Nothing was sent.")
        }
    }

    @Test func `only a missing confirmation and an outdated preview can be confirmed again`() {
        #expect(Problem.unconfirmed("").asksForConfirmation)
        let outdated = Problem.outdatedPreview("2 more instances")
        #expect(outdated.asksForConfirmation)
        #expect(outdated.status == 409)
        #expect(
            outdated.detail
                == "The preview is outdated: 2 more instances. Nothing was sent. Check the new preview and confirm again."
        )
        #expect(!Problem.noPage.asksForConfirmation)
    }
}

@Suite struct CommandPreviewTests {
    private func preview(_ type: CommandType, _ modes: [RuntimeMode]) -> CommandConfirmation {
        let items = modes.enumerated().map { number, mode in
            BulkCommand(instanceID: "i\(number)", runtimeMode: mode, commandID: nil, status: nil)
        }
        let first = CommandTarget(
            instanceID: "i0",
            botID: "b0",
            runtimeMode: modes[0],
            symbol: "BTCEUR",
            status: .running,
            isLate: true,
            netExposure: nil,
            exposures: []
        )
        let reach = BulkCommands(dryRun: true, total: items.count, items: items, instances: [first])
        return CommandConfirmation(type: type, target: FleetQuery(), reach: reach, level: .typed)
    }

    @Test func `the phrase names the instance, or the number of live instances`() {
        #expect(preview(.flatten, [.live]).phrase == "FLATTEN i0")
        #expect(preview(.flatten, [.live, .paper, .live]).phrase == "FLATTEN 2 LIVE")
        #expect(preview(.flatten, [.paper, .paper]).phrase == "FLATTEN 2")
        #expect(preview(.setMode, [.paper, .paper]).phrase == "SET_MODE 2 LIVE")
    }

    @Test func `a fingerprint changes with the instances, their modes and the command`() {
        let two = preview(.stop, [.live, .paper]).fingerprint
        #expect(two == preview(.stop, [.live, .paper]).fingerprint)
        #expect(two != preview(.stop, [.paper, .live]).fingerprint)
        #expect(two != preview(.flatten, [.live, .paper]).fingerprint)
        #expect(CommandConfirmation.count(of: two) == 2)
        #expect(CommandConfirmation.count(of: "x") == nil)
    }

    @Test func `a late instance is shown as late`() {
        #expect(preview(.stop, [.live]).sample.map(\.displayStatus.text) == ["LATE"])
    }
}
