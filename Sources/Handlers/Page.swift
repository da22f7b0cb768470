/// A page of a list, as a caller asked for it.
struct Page {
    let number: Int
    let size: Int

    /// How many rows stand on the pages before.
    var offset: Int {
        let (offset, overflows) = (number - 1).multipliedReportingOverflow(by: size)
        return overflows ? .max : offset
    }
}
