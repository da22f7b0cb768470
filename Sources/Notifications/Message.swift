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

    /// `[SEVERITY] Title`, what happened, and the time, each on a line of its own; what does not fit is counted.
    var discordContent: String {
        let count = texts.count > 1 ? " (\(texts.count))" : ""
        let head = "[\(severity.rawValue)] \(title)\(count)\n"
        let tail = "time=\(time)"
        var lines = ""
        var room = Self.discordLimit - head.utf16.count - tail.utf16.count - 60
        for (index, text) in texts.enumerated() {
            var line = Self.inert(text)
            if line.utf16.count > 1_500 { line = String(line.prefix(700)) + "…" }
            guard line.utf16.count < room else {
                lines += "… and \(texts.count - index) more, see GET /alerts\n"
                break
            }
            lines += line + "\n"
            room -= line.utf16.count + 1
        }
        return head + lines + tail
    }

    /// Text that Discord shows as it is: no links, no code, no mentions.
    private static func inert(_ text: String) -> String {
        var inert = ""
        for character in text {
            switch character {
            case "\\", "`", "*", "~", "|", "[", "]", "<", ">": inert += "\\\(character)"
            // A zero-width space behind it takes the mention's meaning away.
            case "@": inert += "@\u{200B}"
            case _ where character.isNewline: inert += " "
            default: inert.append(character)
            }
        }
        return inert
    }
}
