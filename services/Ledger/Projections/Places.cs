namespace Billing.Ledger.Projections;

/// <summary>
/// Different values in the order in which they were first met, so that a row can name its own by its place,
/// from 1 as arrays of SQL count.
/// </summary>
internal sealed class Places<T> where T : notnull
{
    private readonly Dictionary<T, int> _places = [];
    private readonly List<T> _values = [];

    public IReadOnlyList<T> Values => _values;

    public int Of(T value)
    {
        if (_places.TryGetValue(value, out var place)) return place;

        _values.Add(value);
        return _places[value] = _values.Count;
    }
}
