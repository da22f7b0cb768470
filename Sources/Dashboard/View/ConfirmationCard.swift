import Mustache

/// The effect of a command, its instances, and the form that confirms it.
struct ConfirmationCard {
    /// A sentence with the effect and the instances.
    let effect: String
    let facts: [Block.Fact]
    /// The instances, if there are several.
    let targets: Targets?
    let form: Form

    struct Targets {
        let summary: String
        let table: Table
    }
}
