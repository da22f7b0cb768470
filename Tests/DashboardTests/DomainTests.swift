import ContractRuntime
import Generated
import Testing

@testable import Dashboard

@Suite struct DomainTests {
    @Test(arguments: [
        (0, "0 s"), (59, "59 s"), (60, "1 m 0 s"), (3_599, "59 m 59 s"), (3_600, "1 h 0 m"), (86_399, "23 h 59 m"),
        (86_400, "1 d 0 h"), (90_061, "1 d 1 h"), (-5, "0 s"),
        (.max, "106751991167300 d 15 h"),
    ])
    func `a duration has its two largest units`(seconds: Int, expected: String) {
        #expect(Figures.duration(seconds: seconds) == expected)
    }

    @Test(arguments: [
        (0, "0"), (999, "999"), (1_000, "1\u{202F}000"), (-1_234_567, "−1\u{202F}234\u{202F}567"),
        (.min, "−9\u{202F}223\u{202F}372\u{202F}036\u{202F}854\u{202F}775\u{202F}808"),
    ])
    func `a count has groups of three digits`(count: Int, expected: String) {
        #expect(Figures.count(count) == expected)
    }

    @Test func `a share is a percentage with two decimals, and a gain has a sign`() throws {
        #expect(Figures.percent(0.125) == "12.50 %")
        #expect(Figures.percent(-0.5) == "−50.00 %")
        #expect(Figures.decimal(2.345, 1) == "2.3")
        #expect(Figures.decimal(1_999.9, 0) == "2\u{202F}000")
        #expect(Figures.amount(try #require(Decimal("12.5")), signed: true) == "+12.50")
        #expect(Figures.amount(Decimal(0), signed: true) == "0.00")
        #expect(Figures.amount(nil as Decimal?) == "—")
    }

    @Test func `a time of today has no date`() throws {
        let time = try #require(Timestamp("2026-03-01T09:30:05.25Z"))
        let day = try #require(Timestamp("2026-03-01T23:59:59Z"))
        #expect(Moment(time, now: day).text == "09:30:05Z")
        #expect(Moment(time, now: day.adding(seconds: 1)).text == "2026-03-01 09:30:05Z")
        #expect(Moment(time, now: day).iso == "2026-03-01T09:30:05.250000Z")
        #expect(Moment(ago: time, now: time.adding(seconds: 192)).text == "3 m 12 s")
    }

    @Test(arguments: [
        (CommandOutcome.notDelivered, CommandStatus.expired, "expired before delivery", false),
        (.unknown, .canceled, "canceled after delivery: outcome unknown", true),
        (.acceptedLate, .expired, "accepted after it had expired: outcome unknown", true),
        (.completedLate, .superseded, "completed after it was superseded", true),
        (.failedLate, .canceled, "failed after it was canceled", true),
        (.rejectedLate, .expired, "rejected after it had expired", false),
    ])
    func `the outcome of an ended command says whether it may have acted`(
        outcome: CommandOutcome,
        status: CommandStatus,
        text: String,
        mayHaveActed: Bool
    ) {
        #expect(outcome.description(after: status) == text)
        #expect(outcome.mayHaveActed == mayHaveActed)
        let cell = Cell.commandStatus(status, outcome)
        #expect(cell.note == text)
        #expect((cell.tone == "bad-text") == (mayHaveActed || status == .expired))
    }

    @Test func `a command can be canceled until it is accepted`() {
        let open = CommandStatus.allCases.filter(\.isOpen)
        #expect(open == [.awaitingApproval, .pending, .accepted])
        #expect(CommandStatus.allCases.filter(\.isCancelable) == [.awaitingApproval, .pending])
    }

    @Test func `only a command that trades warns among other buttons`() {
        #expect(CommandType.allCases.filter(\.isIrreversible) == [.flatten])
        #expect(CommandType.stopping.map(\.rawValue) == ["REDUCE_ONLY", "SAFE_MODE", "CANCEL_ALL", "FLATTEN"])
        #expect(CommandType.resuming == [.start])
    }

    @Test func `the colours of states`() {
        #expect(
            CommandStatus.allCases.filter { $0.tone == "bad-text" }.map(\.rawValue).sorted() == [
                "EXPIRED", "FAILED", "REJECTED_DUPLICATE", "REJECTED_EXPIRED",
            ]
        )
        #expect(RunStatus.allCases.map(\.tone) == ["warn-text", "warn-text", "good-text", "bad-text", ""])
        #expect([DeliveryStatus.pending, .sent, .dead].map(\.tone) == ["warn-text", "good-text", "bad-text"])
        #expect([AuditResult.success, .failure, .rejected].map(\.tone) == ["", "bad-text", "warn-text"])
        #expect(Figures.tone(0, "bad-text") == "")
        #expect(Figures.tone(1, "bad-text") == "bad-text")
    }

    @Test func `heartbeats are missing after 90 seconds`() {
        #expect(HeartbeatStrip("1100110").label == "no gaps")
        #expect(HeartbeatStrip("1000110000").label == "no heartbeats for 3 m 30 s")
        #expect(HeartbeatStrip("----").label == "no data yet")
        #expect(HeartbeatStrip.gaps("-10001") == [2..<5])
    }

    @Test func `amounts without a rate are named beside a total`() {
        #expect(Figures.unit("EUR", unconverted: []) == "EUR")
        #expect(Figures.unit("EUR", unconverted: ["BTC", nil]) == "BTC, amounts without a currency not converted")
    }

    @Test func `JSON is shown with one line per member`() throws {
        let object = JSONObject { json in
            json.member("a", "<b>")
            json.member("n", [1, 2])
            json.member("e", [Int]())
        }
        #expect(
            PrettyJSON.text(object) == """
                {
                  "a": "<b>",
                  "n": [
                    1,
                    2
                  ],
                  "e": []
                }
                """
        )
        #expect(PrettyJSON.text(.empty) == "{}")
    }
}

@Suite struct FieldsTests {
    @Test func `fields are encoded as a browser reads them`() {
        let fields: Fields = ["q": "a b&c=é", "none": nil, "empty": ""]
        #expect(fields.text == "q=a%20b%26c%3D%C3%A9&empty=")
        #expect(fields["empty"] == nil)
        #expect(Fields(fields.text).pairs.map(\.value) == ["a b&c=é", ""])
        #expect(PercentEncoding.encode("a/b?c#d~e") == "a%2Fb%3Fc%23d~e")
        #expect(Fields.decoded("a+b%2B", isForm: false) == "a+b+")
    }

    @Test func `a field is replaced, removed and appended`() {
        let fields = Fields("a=1&b=2&a=3")
        #expect(fields.all("a") == ["1", "3"])
        #expect(fields.with("a", "4").text == "b=2&a=4")
        #expect(fields.with("a", nil).text == "b=2")
        #expect(fields.and(["c": "5"]).text == "a=1&b=2&a=3&c=5")
        #expect(Fields("e\u{301}=1")["é"] == nil)
    }
}
