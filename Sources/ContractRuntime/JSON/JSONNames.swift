/// The names of an object's members so far, to find one that is repeated. Few are compared where they lie; many are hashed.
struct JSONNames {
    private var texts: [JSONText] = []
    private var names: Set<ExactText> = []

    /// Adds a name; false when it is there already.
    mutating func insert(_ text: JSONText) -> Bool {
        guard names.isEmpty else { return names.insert(ExactText(text.string)).inserted }
        if texts.contains(where: { $0.hasSameBytes(as: text) }) { return false }
        texts.append(text)
        if texts.count > 16 { names = Set(texts.map { ExactText($0.string) }) }
        return true
    }
}
