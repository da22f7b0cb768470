/// The member names of an object so far, to detect duplicates. A few names are compared directly; more are hashed.
struct JSONNames {
    private var texts: [JSONText] = []
    private var names: Set<ExactText> = []

    /// Adds a name. Returns false if it is a duplicate.
    mutating func insert(_ text: JSONText) -> Bool {
        guard names.isEmpty else { return names.insert(ExactText(text.string)).inserted }
        if texts.contains(where: { $0.hasSameBytes(as: text) }) { return false }
        texts.append(text)
        if texts.count > 16 { names = Set(texts.map { ExactText($0.string) }) }
        return true
    }
}
