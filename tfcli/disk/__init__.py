"""The one place that creates, replaces and deletes files, and that opens those of others.

The rules, which hold for every command: look at everything first, replace and delete last, and touch only what tfcli
wrote itself. A new file is written beside its place under a random name that nobody had before; no link is followed;
only a regular file is ever replaced, and keeps its permissions.
"""

from tfcli.disk.compression import compressor as compressor
from tfcli.disk.compression import damages as damages
from tfcli.disk.compression import uncompressed as uncompressed
from tfcli.disk.drafts import Draft as Draft
from tfcli.disk.drafts import replace_file as replace_file
from tfcli.disk.folders import finish_replacing as finish_replacing
from tfcli.disk.folders import remove_folder as remove_folder
from tfcli.disk.folders import replace_folder as replace_folder
from tfcli.disk.reading import open_again as open_again
from tfcli.disk.reading import open_input as open_input
from tfcli.disk.reading import open_regular as open_regular
from tfcli.disk.reading import read_whole as read_whole
from tfcli.disk.reading import spooling as spooling
from tfcli.disk.syncing import append_line as append_line
from tfcli.disk.syncing import make_folder as make_folder
from tfcli.disk.syncing import sync_folder as sync_folder
from tfcli.disk.syncing import write_synced as write_synced
