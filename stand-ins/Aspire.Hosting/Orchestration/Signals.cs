using System.Runtime.InteropServices;

namespace Aspire.Hosting.Orchestration;

internal static partial class Signals
{
    public const int Exists = 0;
    public const int Interrupt = 2;
    public const int Kill = 9;
    public const int Terminate = 15;

    /// <summary>To a process, or with a negative id to a process group. False when there is none.</summary>
    public static bool Send(int process, int signal) => SystemKill(process, signal) == 0;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SystemKill(int process, int signal);
}
