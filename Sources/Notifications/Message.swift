public import ContractRuntime
public import Generated

/// What is told at once: one notification, or many of one severity and title.
public struct Message: Sendable {
    /// How urgent it is.
    public var severity: Severity
    /// What it is about.
    public var title: String
    /// What happened; one text a notification, never empty.
    public var texts: [String]
    /// When the first of them came up.
    public var time: Timestamp

    /// A message of these parts.
    public init(severity: Severity, title: String, texts: [String], time: Timestamp) {
        self.severity = severity
        self.title = title
        self.texts = texts
        self.time = time
    }

    /// The body for a target of this kind.
    func body(for kind: NotificationTarget.Kind) -> JSONObject {
        switch kind {
        case .discord:
            JSONObject { json in
                json.member("content", discordContent)
                // Nobody is called by a name that an instance gave itself.
                json.member("allowed_mentions", JSONObject { $0.member("parse", [String]()) })
            }
        case .webhook:
            JSONObject { json in
                json.member("severity", severity)
                json.member("title", title)
                json.member("messages", texts)
                json.member("time", time)
            }
        }
    }

    /// Discord takes 2,000 characters (Discord developer documentation, "Execute Webhook").
    private static let discordLimit = 2_000
    /// The most of them that one text takes.
    private static let lineLimit = 1_500

    /// `[SEVERITY] Title`, what happened, and the time, each on a line of its own; what does not fit is counted.
    var discordContent: String {
        let count = texts.count > 1 ? " (\(texts.count))" : ""
        let head = "[\(severity.rawValue)] \(Self.inert(title, limit: 200))\(count)\n"
        let tail = "time=\(time)"
        var lines = ""
        var room = Self.discordLimit - head.utf16.count - tail.utf16.count - 60
        for (index, text) in texts.enumerated() {
            let line = Self.inert(text, limit: Self.lineLimit)
            guard line.utf16.count < room else {
                lines += "… and \(texts.count - index) more, see GET /alerts\n"
                break
            }
            lines += line + "\n"
            room -= line.utf16.count + 1
        }
        return head + lines + tail
    }

    /// Text that Discord shows as it is: no links, no code, no mentions, nothing that turns the order of the letters.
    ///
    /// - Parameter limit: The most UTF-16 code units, which is what Discord counts. An ellipsis stands for the rest.
    private static func inert(_ text: String, limit: Int) -> String {
        var inert = ""
        var size = 0
        for scalar in text.unicodeScalars {
            let piece = Self.inert(scalar)
            // traps: the size is below the limit, and a piece is a few code units long.
            guard size + piece.utf16.count < limit else { return inert + "…" }
            inert += piece
            size += piece.utf16.count
        }
        return inert
    }

    /// By code points, as Discord reads them: to Swift a sign that a combining mark follows is another character.
    private static func inert(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\\", "`", "*", "~", "|", "[", "]", "<", ">": return "\\\(scalar)"
        // A zero-width space behind it takes the mention's meaning away.
        case "@": return "@\u{200B}"
        // Bidirectional controls (Unicode Standard Annex 9, section 2).
        case "\u{61C}", "\u{200E}", "\u{200F}", "\u{202A}"..."\u{202E}", "\u{2066}"..."\u{2069}": return ""
        default:
            let isBreak = [.control, .lineSeparator, .paragraphSeparator].contains(scalar.properties.generalCategory)
            return isBreak ? " " : String(scalar)
        }
    }
}
