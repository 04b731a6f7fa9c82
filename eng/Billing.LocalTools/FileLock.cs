namespace Billing.LocalTools;

/// <summary>
/// One holder of a file at a time, across processes. The system lets go when the holder ends, however it ends; a
/// shell's <c>flock</c> on the same file takes part.
/// </summary>
public sealed class FileLock : IDisposable
{
    private readonly FileStream file;

    private FileLock(FileStream file) => this.file = file;

    /// <summary>The lock, or null while another process holds it.</summary>
    public static FileLock? Try(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        try
        {
            // FileShare.None is flock(LOCK_EX | LOCK_NB) on Unix; the descriptor is not inherited by children.
            return new FileLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException taken) when (taken.HResult is LinuxWouldBlock or MacWouldBlock or SharingViolation)
        {
            return null;
        }
    }

    /// <summary>Waits until the file is free; <paramref name="waiting"/> is called once if it is not at first.</summary>
    public static FileLock Take(string path, Action? waiting = null, CancellationToken cancellation = default)
    {
        for (var first = true; ; first = false)
        {
            if (Try(path) is { } taken) return taken;
            if (first) waiting?.Invoke();

            cancellation.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(50));
            cancellation.ThrowIfCancellationRequested();
        }
    }

    public void Dispose() => file.Dispose();

    private const int LinuxWouldBlock = 11;
    private const int MacWouldBlock = 35;
    private const int SharingViolation = unchecked((int)0x80070020);
}
