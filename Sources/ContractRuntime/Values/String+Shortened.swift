extension String {
    /// The text, or its first `limit` code points and an ellipsis. Code points, because a `Character` can have any length.
    public func shortened(to limit: Int) -> String {
        guard let end = unicodeScalars.index(startIndex, offsetBy: limit, limitedBy: endIndex), end < endIndex else {
            return self
        }
        return String(self[..<end]) + "…"
    }
}
