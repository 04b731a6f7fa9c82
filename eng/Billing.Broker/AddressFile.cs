namespace Billing.Broker;

/// <summary>
/// Tells whoever waits where the broker listens. The file appears whole or not at all, and goes when the
/// broker stops, unless another broker has taken the place by then.
/// </summary>
internal sealed class AddressFile : IDisposable
{
    private readonly string path;
    private readonly string address;

    private AddressFile(string path, string address) => (this.path, this.address) = (path, address);

    public static AddressFile Write(string path, string address)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var draft = $"{path}.{Environment.ProcessId}";
        File.WriteAllText(draft, address + "\n");
        File.Move(draft, path, overwrite: true);
        return new AddressFile(path, address);
    }

    public void Dispose()
    {
        try
        {
            if (File.ReadAllText(path).Trim() == address) File.Delete(path);
        }
        catch (IOException)
        {
            // Gone already, with its folder perhaps: nothing is left to tidy.
        }
    }
}
