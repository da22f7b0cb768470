public import ContractRuntime

/// The parts of a page that a browser has, by the versions that the server gave them.
public struct KnownContent: Sendable {
    /// The versions of the blocks, by id.
    public var blocks: [ExactText: String]
    /// The versions of the rows of tables.
    public var rows: Set<ExactText>

    /// Creates the parts; by default the browser has none.
    public init(blocks: [ExactText: String] = [:], rows: Set<ExactText> = []) {
        self.blocks = blocks
        self.rows = rows
    }
}
