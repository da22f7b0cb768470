/// The purpose of a stored signature of a command.
enum SignaturePurpose: String {
    /// A server accepted the command, which waits for approval.
    case request = "REQUEST"
    /// A server permits the instance to execute the command.
    case server = "SERVER"
    /// The author orders the instance to execute the command.
    case `operator` = "OPERATOR"
}
