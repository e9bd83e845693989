// A declaration; see the README beside this folder.
#pragma once
