import ContractRuntime
import Testing

@testable import Dashboard

@Suite struct ChartAnnotationTests {
    private static let start = Timestamp("2026-03-01T00:00:00Z") ?? .latest
    private static let scale = TimeScale(from: start, to: start.adding(seconds: 86_400))

    private static func event(
        _ kind: Chart.Annotation.Kind,
        hour: Int64,
        until end: Int64? = nil,
        _ label: String = "e"
    )
        -> Chart.Annotation
    {
        Chart.Annotation(
            kind: kind,
            from: start.adding(seconds: hour * 3_600),
            until: end.map { start.adding(seconds: $0 * 3_600) },
            label: label,
            href: "/alerts/\(hour)"
        )
    }

    private static func line(_ annotations: Chart.Annotations) throws -> Chart.Line {
        let points = [1.0, 2].enumerated().map {
            Chart.Point(time: start.adding(seconds: Int64($0) * 86_400), value: $1)
        }
        let chart = try #require(Chart.line("c", "t", points, over: scale, annotations: annotations))
        guard case .line(let line) = chart.content else { throw Problem.noPage }
        return line
    }

    @Test func `events are lines, periods are areas, and both are listed oldest first`() throws {
        let line = try Self.line(
            .init(members: [
                Self.event(.alert, hour: 18, "Heartbeat lost"), Self.event(.command, hour: 6, "FLATTEN i1"),
                Self.event(.silence, hour: 8, until: 10), Self.event(.version, hour: 12),
            ])
        )
        for mark in [
            #"<line class="note-mark command" x1="250.0" x2="250.0" y1="0" y2="100"/>"#,
            #"<rect class="note-span silence" x="333.3" width="83.4" y="0" height="100"/>"#,
            #"<line class="note-mark version" x1="500.0" x2="500.0" y1="0" y2="100"/>"#,
            #"<line class="note-mark alert" x1="750.0" x2="750.0" y1="0" y2="100"/>"#,
        ] {
            #expect(line.drawing.contains(mark), "\(line.drawing)")
        }
        let notes = try #require(line.notes)
        #expect(
            notes.members.map { "\($0.number) \($0.look) \($0.label) \($0.href ?? "")" } == [
                "1 command FLATTEN i1 /alerts/6", "2 silence e /alerts/8", "3 version e /alerts/12",
                "4 alert Heartbeat lost /alerts/18",
            ]
        )
        #expect(notes.flags.map { "\($0.text) \($0.x)" } == ["1–2 25.0%", "3 50.0%", "4 75.0%"])
        #expect(notes.omitted == nil)
    }

    @Test func `times outside the range are not shown, and a period is shown up to the ends of the range`() throws {
        let line = try Self.line(
            .init(members: [
                Self.event(.alert, hour: -1), Self.event(.alert, hour: 25), Self.event(.silence, hour: -9, until: -8),
                Self.event(.silence, hour: -6, until: 6), Self.event(.silence, hour: 18, until: 40),
                // An end before the start is an event.
                Self.event(.silence, hour: 12, until: 3),
            ])
        )
        let marks = line.drawing.split(separator: "<").filter { $0.contains("note-") }
        #expect(
            marks == [
                #"rect class="note-span silence" x="0.0" width="250.0" y="0" height="100"/>"#,
                #"rect class="note-span silence" x="750.0" width="250.0" y="0" height="100"/>"#,
                #"line class="note-mark silence" x1="500.0" x2="500.0" y1="0" y2="100"/>"#,
            ]
        )
        #expect(line.notes?.members.count == 3)
        #expect(try Self.line(.init(members: [Self.event(.alert, hour: 30)])).notes == nil)
        for time in [Timestamp(microsecondsSinceEpoch: .min), Timestamp(microsecondsSinceEpoch: .max)] {
            let far = Chart.Annotation(kind: .alert, from: time, until: time, label: "far")
            #expect(try Self.line(.init(members: [far])).notes == nil)
        }
    }

    @Test func `close events share a flag, the newest events are kept, and the rest is counted`() throws {
        let close = (0..<30).map { Self.event($0 == 29 ? .alert : .command, hour: 0, "e\($0)") }
        let notes = try #require(Self.line(.init(members: close, omitted: 4)).notes)
        #expect(notes.members.count == 24)
        #expect(notes.flags.map(\.text) == ["1–24"])
        #expect(notes.flags.map(\.href) == ["#c-notes"])
        #expect(notes.flags.map(\.look) == ["alert"])
        #expect(notes.omitted == "10 earlier events are not shown")
        let one = try #require(Self.line(.init(members: [], omitted: 1)).notes)
        #expect(one.omitted == "1 earlier event is not shown")
        let many = try #require(Self.line(.init(members: [], omitted: 900, isExact: false)).notes)
        #expect(many.omitted == "at least 900 earlier events are not shown")
    }

    @Test func `a hostile label is escaped, and a long one is cut`() throws {
        let hostile = #"</a><script>alert("1")</script>"#
        let combining = "e" + String(repeating: "\u{301}", count: 5_000)
        let points = [Chart.Point(time: Self.start, value: 1)]
        let annotations = Chart.Annotations(members: [
            Chart.Annotation(kind: .alert, from: Self.start, label: hostile, href: #"/alerts/"><img src=x>"#),
            Self.event(.command, hour: 2, combining),
        ])
        let chart = try #require(Chart.line("c", "t", points, over: Self.scale, annotations: annotations))
        let html = RenderedBlock(Block("b", "B", .chart(chart)), csrf: "").html
        #expect(!html.contains("<script") && !html.contains("<img"))
        #expect(html.contains("&lt;/a&gt;&lt;script&gt;alert("))
        guard case .line(let line) = chart.content else { return #expect(Bool(false)) }
        #expect(line.notes?.members.last?.label.unicodeScalars.count == 120)
        #expect(html.contains(#"<ol class="notes" id="c-notes" aria-label="Events, t">"#))
    }

    @Test func `charts with several curves have annotations`() throws {
        let curve = Chart.Curve(name: "i1", points: [Chart.Point(time: Self.start, value: 1)])
        let annotations = Chart.Annotations(members: [Self.event(.command, hour: 12)])
        let chart = try #require(Chart.lines("c", "t", [curve], over: Self.scale, annotations: annotations))
        guard case .line(let line) = chart.content else { return #expect(Bool(false)) }
        #expect(line.drawing.contains(#"<line class="note-mark command" x1="500.0""#))
        #expect(line.notes?.flags.map(\.x) == ["50.0%"])
    }
}
